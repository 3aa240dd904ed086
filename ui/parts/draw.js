// A student's outline: points by mouse, touch or keyboard, in shares of the photo's sides.
const STEP = 0.02 // of the width, by an arrow key
const SMALL_STEP = 0.004
const STROKE = 0.02 // of the width, between points of a line drawn in one go
const NEAR_PX = 14
const MOST_CHANGES = 200
const KEPT = "lesionlab-outline"
const drafts = new WeakMap() // of each instance: outlives reruns

export default function ({ data, parentElement, setTriggerValue }) {
  const find = name => parentElement.querySelector(name)
  const [stage, photo, svg, cursor] = [find(".area"), find(".photo"), find("svg"), find(".cursor")]
  const [status, confirm] = [find(".status"), find(".confirm")]
  const ratio = data.width / data.height

  let draft = drafts.get(parentElement)
  if (!draft || draft.id !== data.draft) {
    draft = { id: data.draft, points: kept(data.draft), before: [], at: [0.5, 0.5], held: -1 }
    drafts.set(parentElement, draft)
  }
  stage.style.aspectRatio = String(ratio)
  find(".main").style.width = `min(100%, max(15rem, (100vh - 23.5rem) * ${ratio}))`
  stage.setAttribute("aria-label", data.alt)
  if (photo.getAttribute("src") !== data.photo) photo.src = data.photo
  photo.alt = ""

  // Lengths count in shares of the width, so that a step is as long across as it is down.
  const apart = (a, b) => Math.hypot(a[0] - b[0], (a[1] - b[1]) / ratio)
  const near = () => NEAR_PX / stage.getBoundingClientRect().width
  const within = value => Math.min(1, Math.max(0, value))
  function share(event) {
    const box = stage.getBoundingClientRect()
    return [within((event.clientX - box.left) / box.width),
      within((event.clientY - box.top) / box.height)]
  }
  function pointAt(at) {
    const by = draft.points.map(point => apart(point, at))
    const best = by.indexOf(Math.min(...by))
    return by[best] <= near() ? best : -1
  }
  // The place in the order: between two neighbours whose side passes here, else after the last one.
  function placeOf(at) {
    const { points } = draft
    let [place, least] = [points.length, near()]
    for (let n = 1; n < points.length; n++) {
      const off = offSide(at, points[n - 1], points[n], ratio)
      if (off < least) [place, least] = [n, off]
    }
    return place
  }
  function remember() {
    draft.before.push(draft.points.map(point => [...point]))
    draft.before.splice(0, draft.before.length - MOST_CHANGES)
  }
  function add(at, place) {
    if (draft.points.length >= data.most) {
      say(`${data.most} points are the most there can be. Confirm the outline, or undo.`)
      return false
    }
    draft.points.splice(place, 0, at)
    return true
  }
  function undo() {
    draft.held = -1
    if (draft.before.length) draft.points = draft.before.pop()
    show()
    say(draft.before.length || draft.points.length ? counted() : "Nothing is left to undo.")
  }
  const counted = () => `${draft.points.length} ${draft.points.length === 1 ? "point" : "points"}.`
  const place = at => `${Math.round(100 * at[0])} % across, ${Math.round(100 * at[1])} % down`
  function say(words) { status.textContent = words }

  function show() {
    const { points } = draft
    const nothing = area(points) < data.least // such as points in a row, of an outline just begun
    const crossed = !nothing && crossing(points, data.grid)
    const d = points.map(([x, y], n) => `${n ? "L" : "M"}${x} ${y}`).join("")
    const [last, first] = [points.at(-1), points[0]]
    for (const name of [".under", ".line"]) find(name).setAttribute("d", d)
    find(".inside").setAttribute("d", points.length > 2 ? `${d}Z` : "")
    find(".closing").setAttribute("d", points.length > 2 ? `M${last}L${first}` : "")
    svg.classList.toggle("crossed", crossed)
    find(".points").className = `points${points.length > 40 ? " many" : ""}`
    find(".points").replaceChildren(...points.map(([x, y], n) => {
      const mark = document.createElement("span")
      if (n === draft.held) mark.className = "held"
      mark.style.left = `${100 * x}%`
      mark.style.top = `${100 * y}%`
      return mark
    }))
    cursor.style.left = `${100 * draft.at[0]}%`
    cursor.style.top = `${100 * draft.at[1]}%`
    confirm.disabled = nothing || crossed
    find(".undo").disabled = !draft.before.length
    find(".clear").disabled = !points.length
    keep(draft)
    if (crossed) say("The outline crosses or touches itself. Move a point, or undo.")
    else if (points.length < 3) say(`${counted()} An outline needs three at least.`)
    else say(nothing ? `${counted()} They enclose almost nothing yet.` : counted())
  }
  show()

  let stroke = null
  stage.onpointerdown = event => {
    if (!event.isPrimary || event.button) return
    event.preventDefault()
    stage.focus({ preventScroll: true })
    stage.setPointerCapture(event.pointerId)
    cursor.hidden = true
    draft.held = -1
    const at = share(event)
    const found = pointAt(at)
    const where = found < 0 ? placeOf(at) : found
    const [x, y] = found < 0 ? at : draft.points[found]
    const freehand = found < 0 && where === draft.points.length
    stroke = { where, freehand, drawn: 0, held: [x - at[0], y - at[1]] }
    remember()
    if (found >= 0 || add(at, where)) show()
    else forget()
  }
  stage.onpointermove = event => {
    if (stroke && event.isPrimary) draw(share(event))
  }
  function draw(at) {
    const { points } = draft
    if (!stroke.freehand) points[stroke.where] = at.map((v, n) => within(v + stroke.held[n]))
    else if (apart(points.at(-1), at) < STROKE) return
    else if (add(at, points.length)) stroke.drawn += 1
    else return
    show()
  }
  function forget() {
    draft.before.pop()
    stroke = null
  }
  stage.onpointerup = event => {
    if (!stroke || !event.isPrimary) return
    if (stroke.drawn > 4) tidy(draft, data.grid)
    stroke = null
    if (String(draft.before.at(-1)) === String(draft.points)) draft.before.pop() // nothing moved
    draft.at = draft.points.at(-1) ?? draft.at
    show()
  }
  stage.onpointercancel = () => {
    if (!stroke) return
    stroke = null
    undo()
  }

  stage.onkeydown = event => {
    const back = event.key === "Backspace" || event.key === "Delete"
    const again = event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)
    if (!again && (event.ctrlKey || event.metaKey || event.altKey)) return
    const step = event.shiftKey ? SMALL_STEP : STEP
    const act = back || again ? undo : {
      ArrowLeft: () => move(-step, 0), ArrowRight: () => move(step, 0),
      ArrowUp: () => move(0, -step * ratio), ArrowDown: () => move(0, step * ratio),
      Enter: set, " ": set, n: next, N: next,
      Escape: () => { draft.held = -1; show() },
    }[event.key]
    if (!act) return
    event.preventDefault()
    event.stopPropagation()
    cursor.hidden = false
    act()
  }
  function move(x, y) {
    draft.at = [within(draft.at[0] + x), within(draft.at[1] + y)]
    if (draft.held >= 0) draft.points[draft.held] = [...draft.at]
    show()
    if (!svg.classList.contains("crossed")) say(place(draft.at))
  }
  function set() {
    const found = pointAt(draft.at)
    if (draft.held >= 0) {
      draft.held = -1
      show()
      say(`Point set down, ${place(draft.at)}.`)
    } else if (found >= 0) {
      remember()
      draft.held = found
      draft.at = [...draft.points[found]]
      show()
      say(`Point ${found + 1} taken up.`)
    } else {
      remember()
      if (!add([...draft.at], placeOf(draft.at))) {
        draft.before.pop()
        return
      }
      show()
      if (!svg.classList.contains("crossed")) say(`Point set, ${place(draft.at)}. ${counted()}`)
    }
  }
  function next() {
    if (!draft.points.length) return
    draft.held = -1
    const by = draft.points.map(point => apart(point, draft.at))
    const now = by.indexOf(Math.min(...by))
    const to = by[now] < 1e-6 ? (now + 1) % draft.points.length : now
    draft.at = [...draft.points[to]]
    show()
    say(`Point ${to + 1} of ${draft.points.length}.`)
  }

  find(".undo").onclick = undo
  find(".clear").onclick = () => {
    remember()
    Object.assign(draft, { points: [], held: -1 })
    show()
  }
  confirm.onclick = () => setTriggerValue("outline", draft.points)
}

// How far a place is off a side, in shares of the width.
function offSide(at, from, to, ratio) {
  const [x, y] = [to[0] - from[0], (to[1] - from[1]) / ratio]
  const [u, v] = [at[0] - from[0], (at[1] - from[1]) / ratio]
  const along = Math.min(1, Math.max(0, (u * x + v * y) / (x * x + y * y || 1)))
  return Math.hypot(u - along * x, v - along * y)
}

// Whether two sides of the closed line meet elsewhere than at the corner they share, by the rule of
// core/learning/outlines.py: exact, on its grid.
function crossing(points, grid) {
  const all = points.map(point => point.map(value => Math.round(value * grid)))
  const corners = all.filter((at, n) => String(at) !== String(all[(n + 1) % all.length]))
  const count = corners.length
  const turn = (a, b, c) =>
    Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))
  for (let i = 0; i < count && count > 2; i++) {
    const [a, b, after] = [0, 1, 2].map(n => corners[(i + n) % count])
    const ahead = (b[0] - a[0]) * (after[0] - b[0]) + (b[1] - a[1]) * (after[1] - b[1])
    if (turn(a, b, after) === 0 && ahead < 0) return true // back upon itself
    for (let j = i + 2; j < count; j++) {
      if (i === 0 && j === count - 1) continue
      const [c, d] = [corners[j], corners[(j + 1) % count]]
      const overlap = axis => Math.max(Math.min(a[axis], b[axis]), Math.min(c[axis], d[axis]))
        <= Math.min(Math.max(a[axis], b[axis]), Math.max(c[axis], d[axis]))
      if (overlap(0) && overlap(1) && turn(a, b, c) * turn(a, b, d) <= 0
        && turn(c, d, a) * turn(c, d, b) <= 0) return true
    }
  }
  return false
}

// Share of the photo that the closed line encloses.
function area(points) {
  const twice = points.reduce((sum, [x, y], n) => {
    const [u, v] = points[(n + 1) % points.length]
    return sum + x * v - u * y
  }, 0)
  return Math.abs(twice) / 2
}

// A line drawn in one go often runs past its beginning: what crosses at its end goes, up to a fifth.
function tidy(draft, grid) {
  const whole = draft.points.length
  for (let left = whole; left >= whole * 0.8 && left > 3; left--) {
    if (!crossing(draft.points.slice(0, left), grid)) {
      draft.points.length = left
      return
    }
  }
}

// In this tab until it is closed: a reload brings back what was drawn.
function keep({ id, points }) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify({ id, points }))
  } catch { /* the browser keeps nothing */ }
}

function kept(id) {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEPT))
    return found?.id === id ? found.points : []
  } catch {
    return []
  }
}
