"use strict"
// What Bokeh 3.9 does again with each repaint although nothing of it has changed: a third
// of what a change of trial costs the browser. Each part is left out until it differs.
{
  const prototype = (module, name) => Bokeh.require(module)[name].prototype

  // Style sheets are asked for each colour and width of each line before it is drawn, and
  // the sheets of this page say nothing of them.
  prototype("core/visuals/visual", "VisualProperties")._get_css_value = () => ""

  // For the labels of each axis they are asked for the size of letters, which stays.
  const plot = prototype("models/plots/plot_canvas", "PlotView")
  const letters = Object.getOwnPropertyDescriptor(plot, "base_font_size")
  Object.defineProperty(plot, "base_font_size", {...letters, get() {
    return this.letters ??= letters.get.call(this)
  }})

  // Where titles and labels stand is written again: the browser then looks through the
  // styles of the whole page, once for each label that is drawn after it.
  const sheet = prototype("core/dom", "InlineStyleSheet")
  const write = sheet._update
  sheet._update = function (css) { if (css !== this.css) write.call(this, css) }

  // Each image that is coloured lays its colour bar out again.
  const bar = prototype("models/annotations/color_bar", "ColorBarView")
  const change = bar._metrics_changed
  bar._metrics_changed = function () {
    const {low, high, palette} = this.color_mapper
    const shown = [low, high, palette]
    if (shown.every((part, i) => part === this.shown?.[i])) return
    this.shown = shown
    change.call(this)
  }
}
