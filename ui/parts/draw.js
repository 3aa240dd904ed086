// Where a student says the lesion ends: an outline of points (polygon.js) or a painted area
// (brush.js), by mouse, pen, finger or keyboard. Places are shares of the photo's sides.
const STEP = 0.02 // of the width, by an arrow key
const SMALL_STEP = 0.004
const MOST_CHANGES = 200
const KEPT = "lesionlab-outline"
const drafts = new WeakMap() // of each instance: outlives reruns

export default function ({ data, parentElement, setTriggerValue }) {
  const find = name => parentElement.querySelector(name)
  const all = name => parentElement.querySelectorAll(name)
  const [stage, photo, cursor] = [find(".area"), find(".photo"), find(".cursor")]
  const [status, confirm] = [find(".status"), find(".confirm")]
  const ratio = data.width / data.height

  let draft = drafts.get(parentElement)
  if (!draft || draft.id !== data.draft) {
    draft = freshDraft(data)
    drafts.set(parentElement, draft)
  }
  stage.style.aspectRatio = String(ratio)
  find(".whole").style.setProperty("--room", `max(15rem, (100vh - 23.5rem) * ${ratio})`)
  stage.setAttribute("aria-label", data.alt)
  if (photo.getAttribute("src") !== data.photo) photo.src = data.photo
  photo.alt = ""

  const say = words => { status.textContent = words }
  const shared = { data, draft, find, all, ratio, stage, say, show }
  const tools = { outline: polygonTool(shared), brush: brushTool(shared) }
  const tool = () => tools[draft.tool]

  // Draw what there is, and say what is lacking; returns what the tool says of it.
  function show() {
    const found = tool().draw()
    find(".whole").dataset.tool = draft.tool
    cursor.style.left = `${100 * draft.at[0]}%`
    cursor.style.top = `${100 * draft.at[1]}%`
    confirm.disabled = !found.ready
    find(".undo").disabled = !tool().before.length
    find(".clear").disabled = found.empty
    keep(draft)
    say(found.words)
    return found
  }
  function undo() {
    tool().back()
    const { empty, words } = show()
    say(tool().before.length || !empty ? words : "Nothing is left to undo.")
  }

  all("input[name=tool]").forEach(input => {
    input.checked = input.value === draft.tool
    input.onchange = () => {
      tool().rest()
      draft.tool = input.value
      cursor.hidden = true
      show()
    }
  })
  show()

  function share(event) {
    const box = stage.getBoundingClientRect()
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]
  }
  let drawing = false
  stage.onpointerdown = event => {
    const rubber = event.button === 5 // the other end of a pen
    if (!event.isPrimary || (event.button && !rubber)) return
    event.preventDefault()
    stage.focus({ preventScroll: true })
    stage.setPointerCapture(event.pointerId)
    cursor.hidden = true
    drawing = tool().begin(share(event), rubber)
  }
  stage.onpointermove = event => {
    if (!event.isPrimary) return
    if (drawing) tool().drag(share(event))
    else tool().hover?.(share(event))
  }
  stage.onpointerup = event => {
    if (!drawing || !event.isPrimary) return
    drawing = false
    tool().end()
    if (event.pointerType === "touch") tool().hover?.(null)
  }
  stage.onpointercancel = () => { // a second finger has come, to zoom
    if (!drawing) return
    drawing = false
    undo()
  }
  stage.onpointerleave = () => { if (!drawing) tool().hover?.(null) }

  find(".main").onkeydown = find(".choices").onkeydown = event => {
    const back = event.key === "Backspace" || event.key === "Delete"
    const again = event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)
    const bracket = event.key === "[" || event.key === "]" // on some keyboards with AltGr or Option
    if (!again && !bracket && (event.ctrlKey || event.metaKey || event.altKey)) return
    const step = event.shiftKey ? SMALL_STEP : STEP
    const onPhoto = event.target !== stage ? {} : {
      ArrowLeft: () => move(-step, 0), ArrowRight: () => move(step, 0),
      ArrowUp: () => move(0, -step * ratio), ArrowDown: () => move(0, step * ratio),
      Escape: () => tool().rest(), ...tool().onPhoto,
    }
    const act = again || (back && event.target === stage) ? undo
      : onPhoto[event.key] ?? tool().anywhere[event.key]
    if (!act) return
    event.preventDefault()
    event.stopPropagation()
    if (event.target === stage) cursor.hidden = false
    act()
  }
  function move(x, y) {
    const from = draft.at
    draft.at = [[from[0], x], [from[1], y]].map(([at, by]) => Math.min(1, Math.max(0, at + by)))
    tool().moved(from)
  }

  find(".undo").onclick = undo
  find(".clear").onclick = () => {
    tool().clear()
    show()
  }
  confirm.onclick = () => setTriggerValue("outline", tool().answer())
}

// In this tab until it is closed: a reload brings back what was drawn, and the next case the tool.
function keep({ id, tool, outline: { points }, brush: { counts, size } }) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify({ id, tool, size, points, counts }))
  } catch { /* the browser keeps nothing */ }
}

function freshDraft({ draft: id, canvas: [width, height] }) {
  let kept = {}
  try {
    kept = JSON.parse(sessionStorage.getItem(KEPT)) ?? {}
  } catch { /* likewise */ }
  const { points = [], counts = [] } = kept.id === id ? kept : {}
  const whole = counts.reduce((sum, n) => sum + n, 0) === width * height
  return {
    id,
    tool: kept.tool ?? "outline",
    at: [0.5, 0.5],
    outline: { points, before: [], held: -1 },
    brush: {
      counts: whole ? counts : [width * height], before: [], down: false, rubber: false,
      erase: false, size: kept.size ?? "medium",
    },
  }
}
