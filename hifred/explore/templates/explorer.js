"use strict"
// The page's own part: what needs no answer of the server. Bokeh calls `explorer`.
const explorer = (() => {
  const LEAST_SIDE = 120, LEAST_ON_A_PHONE = 200, PHONE = 500, MOST_SIDE = 420, BORDER = 62
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
  // Between the positions of pixel centres, of which the sky array has all.
  const skyAt = (sky, x, y) => {
    const [ra, dec] = [sky.data.ra[0], sky.data.dec[0]]
    if (ra == null) return null
    const [rows, columns] = ra.shape
    const split = (value, [first, step], n) => {
      const place = (value - first) / step
      const low = Math.max(0, Math.min(n - 2, Math.floor(place)))
      return [low, place - low]
    }
    const [column, right] = split(x, sky.data.x[0], columns)
    const [row, up] = split(y, sky.data.y[0], rows)
    const at = (array) => {
      const i = row * columns + column
      const below = array[i] + right * (array[i + 1] - array[i])
      const above = array[i + columns] + right * (array[i + columns + 1] - array[i + columns])
      return below + up * (above - below)
    }
    return sexagesimal(at(ra), at(dec))
  }
  const sexagesimal = (ra, dec) => {
    const parts = (value, digits) => {
      const unit = 10 ** digits
      const all = Math.round(value * 3600 * unit)
      const seconds = (all % (60 * unit)) / unit
      const minutes = Math.floor(all / (60 * unit))
      const two = (n) => String(n).padStart(2, "0")
      return [two(Math.floor(minutes / 60)), two(minutes % 60), seconds.toFixed(digits).padStart(3 + digits, "0")]
    }
    const [h, m, s] = parts((((ra % 360) + 360) % 360) / 15, 2)
    const [d, arcmin, arcsec] = parts(Math.abs(dec), 1)
    return `RA ${h}:${m}:${s}, Dec ${dec < 0 ? "−" : "+"}${d}:${arcmin}:${arcsec}`
  }
  const readSpectrum = (event, sources, legend, axis, unit) => {
    const isVelocity = axis.axis_label.startsWith("velocity")
    const words = [isVelocity ? `${event.x.toFixed(0)} km/s` : `${event.x.toFixed(4)} keV`]
    sources.forEach((source, i) => {
      const {x, value, lower, upper} = source.data
      if (x.length < 2 || event.x < x[0] || event.x > x[x.length - 1]) return
      let bin = 0
      for (let high = x.length - 1; high - bin > 1;) {
        const middle = (bin + high) >> 1
        if (x[middle] <= event.x) { bin = middle } else { high = middle }
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
  const chooseTrial = (trial) => {
    const view = new URLSearchParams(location.search)
    view.set(view.get("slot") === "B" ? "second" : "trial", trial)
    go(`?${view}`)
  }
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
      chooseTrial(new URLSearchParams(query).get("trial"))
    })
  }

  // ---- layout: frames as large as fit, pixels square ----
  const maps = () => Bokeh.documents[0].all_models === undefined ? [] :
    [...Bokeh.documents[0].all_models].filter((model) => model.tags?.includes?.("map"))
  const fit = () => {
    const width = element("maps").clientWidth
    const figures = maps()
    if (!width || !figures.length) return
    const inRow = Math.min(5, [...document.querySelectorAll("#maps .map")].filter((box) => box.offsetParent).length || 1)
    const least = width < PHONE ? LEAST_ON_A_PHONE : LEAST_SIDE
    const columns = Math.min(inRow, Math.max(1, Math.floor(width / (least + BORDER))))
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
    for (const box of document.querySelectorAll(".map")) {
      const place = byName(`${box.dataset.map}-place`)
      const tell = () => describeMap(box)
      if (place) place.properties.children.change.connect(() => { tell(); fitSoon() })
      tell()
    }
    const slot = byName("slot"), moment = byName("moment-of")
    const showSecond = () => {
      element("second-maps").hidden = element("blink").hidden = !slot.visible
      if (!slot.visible && element("blink").getAttribute("aria-pressed") === "true") element("blink").click()
    }
    const showMoment = () => { element("moment-map").hidden = !moment.value }
    slot.properties.visible.change.connect(showSecond)
    moment.properties.value.change.connect(showMoment)
    showSecond(); showMoment()
  }
  const describeMap = (box) => {
    const figure = byName(box.dataset.map)
    if (!figure) return
    const tellTitle = () => box.setAttribute("aria-label", `map: ${figure.title.text}`)
    figure.title.properties.text.change.connect(tellTitle)
    tellTitle()
  }

  // ---- what dragging does ----
  const dragTools = () => {
    const drag = byName("drag")
    drag.properties.active.change.connect(() => {
      const wanted = ["region", "region", "region", "polygon", "move"][drag.active]
      for (const figure of maps()) {
        for (const tool of figure.toolbar.tools) {
          if (tool.tags?.includes?.(wanted)) tool.active = true
        }
      }
    })
  }

  // ---- commands: a word, and a number that tells two askings apart ----
  let number = 0
  const ask_for = (word) => { byName("command").value = `${word} ${++number}` }
  const commands = () => {
    for (const button of document.querySelectorAll("button[data-command]")) {
      button.addEventListener("click", () => ask_for(button.dataset.command))
    }
    const keys = {ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down"}
    for (const box of document.querySelectorAll(".map")) {
      box.addEventListener("keydown", (event) => {
        if (!(event.key in keys)) return
        event.preventDefault()
        ask_for(keys[event.key])
      })
    }
    const delivery = byName("delivery")
    delivery.properties.value.change.connect(() => {
      const {name, content} = JSON.parse(delivery.value)
      save(name, Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0)))
    })
    element("png").addEventListener("click", savePicture)
  }
  const save = (name, content) => {
    const link = document.createElement("a")
    link.href = URL.createObjectURL(new Blob([content]))
    link.download = name
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 10000)
  }
  // The canvases of all figures on screen, each at its place.
  const savePicture = async () => {
    const views = [...maps(), byName("spectrum"), byName("residual-spectrum")]
      .map((model) => Bokeh.index.find_one(model)).filter((view) => view?.el.offsetParent)
    const boxes = views.map((view) => view.el.getBoundingClientRect())
    const left = Math.min(...boxes.map((box) => box.left)), top = Math.min(...boxes.map((box) => box.top))
    const canvas = document.createElement("canvas")
    canvas.width = Math.max(...boxes.map((box) => box.right)) - left
    canvas.height = Math.max(...boxes.map((box) => box.bottom)) - top
    const context = canvas.getContext("2d")
    context.fillStyle = "white"
    context.fillRect(0, 0, canvas.width, canvas.height)
    views.forEach((view, i) => {
      const layer = view.export("png", false).canvas
      context.drawImage(layer, boxes[i].left - left, boxes[i].top - top, boxes[i].width, boxes[i].height)
    })
    drawLegend(context, left, top)
    canvas.toBlob((blob) => save("hifred.png", blob), "image/png")
  }

  // ---- legend: outside of the figure, of which it would hide a part ----
  const linesOf = (item) =>
    [...Bokeh.documents[0].all_models].filter((model) => model.tags?.includes?.(`line-${item.tags[0]}`))
  const legend = () => {
    const {items} = byName("spectrum").center.find((part) => part.type === "Legend")
    element("legend").append(...items.map(legendButton))
  }
  const legendButton = (item) => {
    const [{glyph}] = item.renderers
    const button = document.createElement("button"), line = document.createElement("i")
    const label = document.createElement("span")
    line.style.borderTop = `${glyph.line_width.value}px ${glyph.line_dash.value.length ? "dashed" : "solid"} ${glyph.line_color.value}`
    button.type = "button"
    button.setAttribute("aria-pressed", true)
    button.append(line, label)
    button.addEventListener("click", () => {
      const isOn = button.getAttribute("aria-pressed") !== "true"
      button.setAttribute("aria-pressed", isOn)
      for (const model of linesOf(item)) model.visible = isOn
    })
    const name = () => { button.hidden = !item.visible; label.textContent = item.label.value }
    item.change.connect(name)
    name()
    return button
  }
  const drawLegend = (context, left, top) => {
    context.font = "13px system-ui, sans-serif"
    context.textBaseline = "middle"
    context.fillStyle = "black"
    for (const button of document.querySelectorAll("#legend button[aria-pressed='true']:not([hidden])")) {
      const [line, text] = [...button.children].map((part) => part.getBoundingClientRect())
      const {borderTopColor, borderTopWidth, borderTopStyle} = getComputedStyle(button.firstChild)
      const y = (text.top + text.bottom) / 2 - top
      context.strokeStyle = borderTopColor
      context.lineWidth = parseFloat(borderTopWidth)
      context.setLineDash(borderTopStyle === "dashed" ? [6, 3] : [])
      context.beginPath()
      context.moveTo(line.left - left, y)
      context.lineTo(line.right - left, y)
      context.stroke()
      context.fillText(button.textContent, text.left - left, y)
    }
  }

  // ---- blink: fusion B in the place of fusion A and back ----
  let blinking = 0
  const blink = () => {
    const button = element("blink")
    button.addEventListener("click", () => {
      const isOn = button.getAttribute("aria-pressed") !== "true"
      button.setAttribute("aria-pressed", isOn)
      clearInterval(blinking)
      if (isOn) blinking = setInterval(() => showBlinked(!isB), 700)
      else showBlinked(false)
    })
  }
  let isB = false
  const showBlinked = (wanted) => {
    isB = wanted
    const [first, second] = [byName("fusion"), byName("fusion-blinked")]
    second.setv({visible: isB}, {sync: false})
    first.title.setv({text: isB ? "fusion B" : "fusion A"}, {sync: false})
  }

  // ---- what is known of the trials that are shown ----
  // Plain HTML: a `Div` of Bokeh has the whole page laid out once more.
  const details = () => {
    const model = byName("details")
    const show = () => { element("details").innerHTML = model.value }
    model.properties.value.change.connect(show)
    show()
  }

  // ---- the table of all trials ----
  const table = () => Bokeh.index.find_one(byName("trials"))?.shadow_el ?? null
  const trials = () => {
    const details = element("all-trials"), model = byName("trials")
    details.addEventListener("toggle", () => {
      if (details.open && !model.text) ask_for("trials")
    })
    model.properties.text.change.connect(() => setTimeout(prepareTable, 50))
    element("filter").addEventListener("input", filterTable)
  }
  const prepareTable = () => {
    table()?.querySelectorAll("th button").forEach((button, column) => {
      button.addEventListener("click", () => sortTable(column))
    })
    filterTable()
  }
  const sortTable = (column) => {
    const heads = [...table().querySelectorAll("th")]
    const isUp = heads[column].getAttribute("aria-sort") !== "ascending"
    heads.forEach((head) => head.removeAttribute("aria-sort"))
    heads[column].setAttribute("aria-sort", isUp ? "ascending" : "descending")
    const body = table().querySelector("tbody")
    const key = (row) => row.cells[column].textContent
    const compare = (one, other) => {
      const [a, b] = [key(one), key(other)]
      if ((a === "–") !== (b === "–")) return a === "–" ? 1 : -1
      const difference = Number(a) - Number(b)
      const order = Number.isNaN(difference) ? a.localeCompare(b) : difference
      return isUp ? order : -order
    }
    body.append(...[...body.rows].sort(compare))
  }
  const filterTable = () => {
    const words = element("filter").value.toLowerCase().split(/\s+/).filter(Boolean)
    for (const row of table()?.querySelectorAll("tbody tr") ?? []) {
      const cells = [...row.cells].map((cell) => cell.textContent.toLowerCase())
      row.hidden = !words.every((word) => cells.some((cell) => cell === word || (Number.isNaN(Number(word)) && cell.includes(word))))
    }
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
    follow(); describe(); dragTools(); commands(); legend(); blink(); details(); trials()
    unveil()
  }
  // In the place of the first pictures, those that answer; then what takes longer.
  const unveil = () => {
    history.replaceState(null, "", `?${address().value}`)
    element("first-says").remove()
    element("later-says").hidden = false
    for (const picture of document.querySelectorAll(".first")) picture.remove()
    fit()
    element("page").removeAttribute("data-waits")
    new ResizeObserver(fitSoon).observe(element("maps"))
    const {x_range: x, y_range: y} = maps()[0]
    for (const range of [x, y]) range.properties.reset_end.change.connect(fitSoon)
    byName("verdicts").properties.tags.change.connect(() => { document.body.dataset.state = "whole" })
    requestAnimationFrame(() => setTimeout(() => ask_for("rest")))
  }
  // A button that is held before the mouse moves begins a drag too: Bokeh drops it after
  // 300 ms, and so any drag in a browser that is late. This is the longest time there is.
  Bokeh.require("core/ui_gestures").UIGestures.press_threshold = 2 ** 31 - 1
  addEventListener("DOMContentLoaded", start)
  return {readMap, readSpectrum, readNothing, go, lose, find}
})()
