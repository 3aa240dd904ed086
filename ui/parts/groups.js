// Groups of bars, as of ui/parts/bars.py: a list for each, with a tick at the usual share.
function group({ title, hatched, rows }) {
  const section = make("section", hatched ? "hatched" : "")
  const list = make("ul")
  list.setAttribute("aria-label", title)
  list.append(...rows.map(row))
  section.append(make("p", "title", title), list)
  return section
}

function row({ name, share, chance, usual, usualText, colour, flagged }) {
  const item = make("li", flagged ? "flagged" : "")
  const track = make("span", "track")
  const bar = make("span", "bar")
  bar.style.width = `${100 * share}%`
  bar.style.backgroundColor = colour
  const tick = make("span", "tick")
  tick.style.left = `${100 * usual}%`
  if (share > 0) track.append(bar) // its least width would make something of nothing
  track.append(tick)
  track.setAttribute("aria-hidden", "true")
  item.append(
    make("span", "name", flagged ? `▸ ${name}` : name),
    track,
    make("span", "chance", chance),
    make("span", "usual", usualText),
  )
  return item
}

function make(tag, name = "", text = "") {
  const element = document.createElement(tag)
  if (name) element.className = name
  element.textContent = text
  return element
}
