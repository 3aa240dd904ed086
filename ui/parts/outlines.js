// Outlines over a photo, told apart by their dashes as well as their colours.
const SVG = "http://www.w3.org/2000/svg"

export default function ({ data, parentElement }) {
  const [frame, photo] = [".frame", "img"].map(name => parentElement.querySelector(name))
  const ratio = data.width / data.height
  frame.style.aspectRatio = String(ratio)
  frame.style.width = `min(100%, max(15rem, (100vh - 16rem) * ${ratio}))`
  photo.src = data.photo
  photo.alt = data.alt
  const legend = parentElement.querySelector("legend")
  legend.textContent = "Outlines"
  frame.querySelectorAll("svg").forEach(old => old.remove())
  parentElement.querySelectorAll("label").forEach(old => old.remove())
  for (const { name, style, path, box } of data.lines) {
    const drawn = lines(style, box, path)
    frame.append(drawn)
    const label = document.createElement("label")
    const tick = document.createElement("input")
    tick.type = "checkbox"
    tick.checked = true
    tick.onchange = () => { drawn.style.display = tick.checked ? "" : "none" }
    label.append(tick, lines(style, "0 0 44 12", "M2 6H42"), name)
    legend.parentElement.append(label)
  }
}

function lines(style, box, path) {
  const svg = document.createElementNS(SVG, "svg")
  svg.setAttribute("class", style)
  svg.setAttribute("viewBox", box)
  svg.setAttribute("preserveAspectRatio", "none")
  svg.setAttribute("aria-hidden", "true")
  for (const name of ["under", "line"]) {
    const drawn = document.createElementNS(SVG, "path")
    drawn.setAttribute("class", name)
    drawn.setAttribute("d", path)
    svg.append(drawn)
  }
  return svg
}
