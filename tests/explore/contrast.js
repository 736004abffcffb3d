// Returns the texts whose contrast is below AA (4.5 to 1), with their ratio.
const found = []
const parse = (text) => { const n = text.match(/[\d.]+/g).map(Number); return {rgb: n.slice(0, 3), alpha: n[3] ?? 1} }
const light = (rgb) => { const [r, g, b] = rgb.map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 }); return 0.2126 * r + 0.7152 * g + 0.0722 * b }
const parentOf = (node) => node.parentElement ?? node.getRootNode().host ?? null
const behind = (node) => { for (let at = node; at; at = parentOf(at)) { const {rgb, alpha} = parse(getComputedStyle(at).backgroundColor); if (alpha > 0.99) return rgb } return [255, 255, 255] }
const walk = (root) => {
  for (const node of root.querySelectorAll("*")) {
    if (node.shadowRoot) walk(node.shadowRoot)
    const text = [...node.childNodes].filter((c) => c.nodeType === 3).map((c) => c.textContent.trim()).join("") || node.value
    if (!text || !node.checkVisibility({visibilityProperty: true}) || ["STYLE", "SCRIPT"].includes(node.tagName) || node.disabled) continue
    const [a, b] = [light(parse(getComputedStyle(node).color).rgb), light(behind(node))]
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
    if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${node.tagName} ${String(text).slice(0, 40)}`)
  }
}
walk(document.body)
return found
