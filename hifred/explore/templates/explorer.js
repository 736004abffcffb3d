"use strict"
// The page's own part: what needs no answer of the server. Bokeh calls `explorer`.
const explorer = (() => {
  const LEAST_SIDE = 150, MOST_SIDE = 420, BORDER = 62
  const byName = (name) => Bokeh.documents[0].get_model_by_name(name)
  const element = (id) => document.getElementById(id)

  // ---- read-out ----
  const plain = (value) => {
    if (!Number.isFinite(value)) return "no value"
    const size = Math.abs(value)
    return size !== 0 && (size < 0.01 || size >= 1e5) ? value.toExponential(3) : value.toPrecision(4)
  }
  const pixelOf = (source, x, y) => {
    const image = source.data.value[0]
    if (image == null) return null
    const [rows, columns] = image.shape ?? [image.length, image[0].length]
    const column = Math.floor((x - source.data.x[0]) / source.data.dw[0] * columns)
    const row = Math.floor((y - source.data.y[0]) / source.data.dh[0] * rows)
    if (row < 0 || column < 0 || row >= rows || column >= columns) return null
    return {index: row * columns + column, row, column, columns}
  }
  const valueAt = (column, pixel) => {
    const image = column?.[0]
    if (image == null) return NaN
    return image.shape ? image[pixel.index] : image[pixel.row][pixel.column]
  }
  const tell = (text) => { element("readout").textContent = text }
  const readMap = (event, {source, sky, unit, title}) => {
    const {x, y} = event
    const words = [title.text, `x ${x.toFixed(1)}″, y ${y.toFixed(1)}″`]
    const place = skyAt(sky, x, y)
    if (place) words.push(place)
    const pixel = pixelOf(source, x, y)
    if (pixel) {
      const error = valueAt(source.data.error, pixel)
      const spread = Number.isFinite(error) ? ` ± ${plain(error)}` : ""
      words.push(`${plain(valueAt(source.data.value, pixel))}${spread} ${unit}`)
    }
    words.push(`${byName("typed-band").value} keV`)
    tell(words.join(" · "))
  }
  const skyAt = (sky, x, y) => null
  const readSpectrum = (event, sources, legend, unit) => {
    const words = [`${event.x.toFixed(4)} keV`]
    sources.forEach((source, i) => {
      const {energy, value, lower, upper} = source.data
      if (energy.length < 2 || event.x < energy[0] || event.x > energy[energy.length - 1]) return
      let bin = 0
      for (let low = 0, high = energy.length - 1; high - low > 1;) {
        const middle = (low + high) >> 1
        if (energy[middle] <= event.x) { low = middle } else { high = middle }
        bin = low
      }
      const spread = upper[bin] > lower[bin] ? ` (${plain(lower[bin])} to ${plain(upper[bin])})` : ""
      words.push(`${legend.items[i].label.value} ${plain(value[bin])}${spread}`)
    })
    tell(words.join(" · ") + ` ${unit}`)
  }
  const readNothing = () => tell("Point at a map or at the spectra to read values here.")

  // ---- address ----
  // What the server makes of an address, such as the first, takes its place in the
  // history; what a visitor chooses comes after it.
  let isAnswer = true
  const address = () => byName("address")
  const ask = (query) => { isAnswer = true; address().value = query.replace("?", "") }
  const go = (query) => { history.pushState(null, "", query); ask(query) }
  const follow = () => {
    address().properties.value.change.connect(() => {
      const query = `?${address().value}`
      if (query === location.search) return
      if (isAnswer) history.replaceState(null, "", query)
      else history.pushState(null, "", query)
    })
    for (const gesture of ["pointerdown", "keydown"]) {
      addEventListener(gesture, () => { isAnswer = false }, {capture: true})
    }
    addEventListener("popstate", () => ask(location.search))
    addEventListener("click", (event) => {
      const link = event.composedPath().find((part) => part.tagName === "A")
      const query = link?.getAttribute("href")
      if (!query?.startsWith("?") || event.ctrlKey || event.metaKey) return
      event.preventDefault()
      go(query)
    })
  }

  // ---- layout: frames as large as fit, pixels square ----
  const maps = () => Bokeh.documents[0].all_models === undefined ? [] :
    [...Bokeh.documents[0].all_models].filter((model) => model.tags?.includes?.("map"))
  const fit = () => {
    const width = element("maps").clientWidth
    const figures = maps()
    if (!width || !figures.length) return
    const inRow = 5
    let columns = Math.min(inRow, Math.max(1, Math.floor(width / (LEAST_SIDE + BORDER))))
    const side = Math.min(MOST_SIDE, Math.floor(width / columns) - BORDER)
    for (const figure of figures) {
      const {x_range: x, y_range: y} = figure
      const ratio = Math.abs((y.reset_end - y.reset_start) / (x.reset_end - x.reset_start)) || 1
      const frame_width = Math.round(side / Math.max(ratio, 1))
      const frame_height = Math.round(side * Math.min(ratio, 1))
      if (figure.frame_width !== frame_width || figure.frame_height !== frame_height) {
        figure.setv({frame_width, frame_height})
      }
    }
  }
  let fitting = 0
  const fitSoon = () => { clearTimeout(fitting); fitting = setTimeout(fit, 60) }

  // ---- titles as alternative texts, second row only with a second trial ----
  const describe = () => {
    for (const figure of maps()) {
      const box = Bokeh.index.find_one(figure)?.el.closest(".map")
      if (!box) continue
      const tellTitle = () => box.setAttribute("aria-label", `map: ${figure.title.text}`)
      figure.title.properties.text.change.connect(tellTitle)
      tellTitle()
    }
    const slot = byName("slot")
    const showSecond = () => { element("second-maps").hidden = !slot.visible }
    slot.properties.visible.change.connect(showSecond)
    showSecond()
  }

  // ---- what dragging does ----
  const dragTools = () => {
    const drag = byName("drag")
    drag.properties.active.change.connect(() => {
      const wanted = ["region", "move"][drag.active]
      for (const figure of maps()) {
        for (const tool of figure.toolbar.tools) {
          if (tool.tags?.includes?.(wanted)) tool.active = true
        }
      }
    })
  }

  // ---- the server ----
  const lose = () => {
    const banner = element("banner")
    banner.textContent = "The server is gone: this page shows what it last said, and answers no more. Start `hifred explore` again and open the address that it prints."
    banner.hidden = false
  }
  const find = () => { element("banner").hidden = true }

  const start = () => {
    const ready = globalThis.Bokeh?.documents?.length > 0 && Bokeh.index.roots.length > 0
    if (!ready) { setTimeout(start, 20); return }
    follow(); describe(); dragTools(); fit()
    new ResizeObserver(fitSoon).observe(element("maps"))
    const {x_range: x, y_range: y} = maps()[0]
    for (const range of [x, y]) range.properties.reset_end.change.connect(fitSoon)
  }
  addEventListener("DOMContentLoaded", start)
  return {readMap, readSpectrum, readNothing, go, lose, find}
})()
