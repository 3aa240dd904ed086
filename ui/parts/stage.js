// A case on the whole window, in steps; the browser's own dialog keeps focus and closes with Esc.
const STEPS = ["Photo", "Outline", "Heatmap", "Answer", "Truth"]
const places = new WeakMap() // step of each instance

export default function ({ data, parentElement, setTriggerValue }) {
  const find = name => parentElement.querySelector(name)
  const dialog = find("dialog")
  let place = places.get(parentElement)
  if (!place || place.id !== data.id) {
    place = { id: data.id, step: 0 }
    places.set(parentElement, place)
  }
  const steps = STEPS.filter(step => step !== "Truth" || data.truth)

  find(".photo").src = data.photo
  find(".photo").alt = data.alt
  find(".heat").src = data.heat
  find(".heat").style.opacity = "0.6"
  find(".outline").setAttribute("viewBox", `0 0 ${data.width} ${data.height}`)
  for (const path of find(".outline").children) path.setAttribute("d", data.outline)
  for (const name of ["before", "main", "truth"]) find(`.${name}`).textContent = data[name]
  find(".truth").className = `truth ${data.agrees ? "right" : "wrong"}`
  find(".bars").replaceChildren(...data.groups.map(group))

  function draw() {
    const split = place.step >= 3
    find(".scene").classList.toggle("split", split)
    find(".outline").style.display = [1, 2].includes(place.step) ? "" : "none"
    find(".heat").style.display = place.step === 2 ? "" : "none"
    find(".truth").hidden = place.step < 4
    find(".note").textContent = split && data.bars_note ? data.bars_note : data.note
    find(".where").textContent = `${steps[place.step]}, ${place.step + 1} of ${steps.length}`
    fit()
  }
  // As large as the room allows, whatever its shape: the layers share the picture's box.
  function fit() {
    const scene = find(".scene").getBoundingClientRect()
    const split = find(".scene").classList.contains("split")
    const upright = split && window.innerHeight >= window.innerWidth
    const width = scene.width * (split && !upright ? 0.5 : 0.98)
    const height = scene.height * (upright ? 0.45 : 0.98)
    const scale = Math.min(width / data.width, height / data.height)
    find(".picture").style.width = `${data.width * scale}px`
    find(".picture").style.height = `${data.height * scale}px`
  }
  function go(by) {
    const next = place.step + by
    if (next < 0 || next >= steps.length) setTriggerValue("move", { by, at: Date.now() })
    else {
      place.step = next
      draw()
    }
  }

  dialog.setAttribute("aria-label", `Presentation of ${data.alt}`)
  dialog.onkeydown = event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const onButton = event.target instanceof HTMLButtonElement
    if (onButton && [" ", "Enter"].includes(event.key)) return
    const act = {
      ArrowRight: () => go(1), ArrowDown: () => go(1), PageDown: () => go(1), " ": () => go(1),
      Enter: () => go(1), ArrowLeft: () => go(-1), ArrowUp: () => go(-1), PageUp: () => go(-1),
      f: full, F: full,
    }[event.key]
    if (!act) return
    event.preventDefault()
    event.stopPropagation()
    act()
  }
  function full() {
    if (document.fullscreenElement) document.exitFullscreen()
    else document.documentElement.requestFullscreen?.().catch(() => {})
  }
  find(".scene").onclick = event => go(event.clientX < window.innerWidth / 3 ? -1 : 1)
  find(".back").onclick = () => go(-1)
  find(".on").onclick = () => go(1)
  find(".full").onclick = full
  find(".leave").onclick = () => dialog.close()
  dialog.onclose = () => {
    if (document.fullscreenElement) document.exitFullscreen()
    setTriggerValue("leave", Date.now())
  }
  if (!dialog.open) {
    dialog.showModal()
    dialog.focus()
  }
  place.observer?.disconnect()
  place.observer = new ResizeObserver(fit)
  place.observer.observe(dialog)
  draw()
  return () => {
    place.observer.disconnect()
    dialog.onclose = null
    dialog.close()
  }
}
