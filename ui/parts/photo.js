// A photo with its layers in one frame that zooms as a whole, so that they stay aligned.
const MOST = 8
const HOLD_MS = 250
const zooms = new WeakMap() // of each instance: outlives reruns, ends with another photo

export default function ({ data, parentElement, setTriggerValue }) {
  const find = name => parentElement.querySelector(name)
  const [frame, layers] = [find(".frame"), find(".layers")]
  const [photo, heat, outline] = [find(".photo"), find(".heat"), find(".outline")]

  let zoom = zooms.get(parentElement)
  zoom?.forget?.() // the keys of the run before: they belong to old data
  if (!zoom || zoom.photo !== data.photo) {
    zoom = { photo: data.photo, scale: 1, x: 0, y: 0 }
    zooms.set(parentElement, zoom)
  }

  // The whole photo fits between what stands above it and the window's end.
  const ratio = data.width / data.height
  frame.style.aspectRatio = String(ratio)
  frame.style.width = `min(100%, max(15rem, (100vh - 21.5rem) * ${ratio}))`
  frame.setAttribute("aria-label", `${data.alt}. Plus and minus zoom, arrows move.`)
  set(photo, "src", data.photo)
  photo.alt = data.alt
  heat.hidden = !(data.heatOpacity > 0)
  if (!heat.hidden) set(heat, "src", data.heat)
  heat.style.opacity = String(data.heatOpacity)
  outline.setAttribute("viewBox", `0 0 ${data.width} ${data.height}`)
  for (const path of outline.children) set(path, "d", data.outline)
  find(".area").style.fillOpacity = String(data.fill)
  find(".under").style.display = find(".line").style.display = data.showOutline ? "" : "none"
  const plain = find(".plain")
  plain.hidden = !(data.showOutline || data.fill > 0 || data.heatOpacity > 0)

  function move() {
    zoom.scale = Math.min(MOST, Math.max(1, zoom.scale))
    const least = 1 - zoom.scale
    zoom.x = Math.min(0, Math.max(least, zoom.x))
    zoom.y = Math.min(0, Math.max(least, zoom.y))
    layers.style.transform =
      `translate(${100 * zoom.x}%, ${100 * zoom.y}%) scale(${zoom.scale})`
    frame.classList.toggle("zoomed", zoom.scale > 1)
  }
  // By a factor, about a point of the frame given in shares of it.
  function by(factor, x = 0.5, y = 0.5) {
    const scale = Math.min(MOST, Math.max(1, zoom.scale * factor))
    const grown = scale / zoom.scale
    Object.assign(zoom, { scale, x: x - (x - zoom.x) * grown, y: y - (y - zoom.y) * grown })
    move()
  }
  const share = (clientX, clientY) => {
    const box = frame.getBoundingClientRect()
    return [(clientX - box.left) / box.width, (clientY - box.top) / box.height]
  }
  const alone = on => {
    layers.classList.toggle("alone", on)
    plain.setAttribute("aria-pressed", String(on))
  }
  move()

  find(".in").onclick = () => by(1.5)
  find(".out").onclick = () => by(1 / 1.5)
  find(".whole").onclick = () => by(0)
  plain.onpointerdown = () => alone(true)
  plain.onpointerup = plain.onpointerleave = plain.onblur = () => alone(false)
  plain.onkeydown = event => { if ([" ", "Enter"].includes(event.key)) alone(true) }
  plain.onkeyup = () => alone(false)

  // The wheel scrolls the page until the photo was clicked; a pinch on a touchpad always zooms.
  frame.onwheel = event => {
    if (!event.ctrlKey && parentElement.activeElement !== frame) return
    event.preventDefault()
    by(Math.exp(-event.deltaY / (event.ctrlKey ? 100 : 400)), ...share(event.clientX, event.clientY))
  }
  frame.onkeydown = event => {
    if (event.target !== frame || event.ctrlKey || event.metaKey || event.altKey) return
    const step = 0.1
    const act = {
      "+": () => by(1.5), "=": () => by(1.5), "-": () => by(1 / 1.5), 0: () => by(0),
      ArrowLeft: () => { zoom.x += step }, ArrowRight: () => { zoom.x -= step },
      ArrowUp: () => { zoom.y += step }, ArrowDown: () => { zoom.y -= step },
    }[event.key]
    if (!act || (event.key.startsWith("Arrow") && zoom.scale === 1)) return
    event.preventDefault()
    act()
    move()
  }

  // One finger moves what is zoomed, or lifts the layers while it rests; two pinch.
  const down = new Map()
  let holding = 0
  frame.onpointerdown = event => {
    if (event.target.closest("button")) return
    frame.focus({ preventScroll: true })
    down.set(event.pointerId, [event.clientX, event.clientY])
    clearTimeout(holding)
    if (down.size === 1) holding = setTimeout(() => alone(true), HOLD_MS)
    if (zoom.scale > 1 || down.size > 1) frame.setPointerCapture(event.pointerId)
  }
  frame.onpointermove = event => {
    const before = down.get(event.pointerId)
    if (!before) return
    const now = [event.clientX, event.clientY]
    if (Math.hypot(now[0] - before[0], now[1] - before[1]) > 4) clearTimeout(holding)
    const box = frame.getBoundingClientRect()
    if (down.size === 1 && zoom.scale > 1) {
      zoom.x += (now[0] - before[0]) / box.width
      zoom.y += (now[1] - before[1]) / box.height
      move()
    } else if (down.size === 2) {
      const [other] = [...down].filter(([id]) => id !== event.pointerId).map(([, at]) => at)
      const apart = at => Math.hypot(at[0] - other[0], at[1] - other[1]) || 1
      by(apart(now) / apart(before), ...share((now[0] + other[0]) / 2, (now[1] + other[1]) / 2))
    }
    if (down.size > 1 || zoom.scale > 1) down.set(event.pointerId, now)
  }
  const lift = event => {
    down.delete(event.pointerId)
    clearTimeout(holding)
    alone(false)
  }
  frame.onpointerup = frame.onpointercancel = frame.onpointerleave = lift
  frame.oncontextmenu = event => { if (down.size) event.preventDefault() }

  // Keys of the whole page, unless somebody is typing.
  const typing = element => element?.closest?.(
    "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], [role=combobox], [role=slider], [role=dialog]")
  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return
    if (event.composedPath().some(typing)) return
    const key = event.key.toLowerCase()
    if (["o", "h", "p"].includes(key)) setTriggerValue("pressed", key)
  }
  document.addEventListener("keydown", pressed)
  zoom.forget = () => document.removeEventListener("keydown", pressed)
  return () => { zooms.get(parentElement)?.forget?.() }
}

function set(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value)
}
