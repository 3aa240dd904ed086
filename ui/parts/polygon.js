// An outline of points, set one by one or in one go, in shares of the photo's sides.
const STROKE = 0.02 // of the width, between points of a line drawn in one go
const NEAR_PX = 14

function polygonTool({ data, draft, find, ratio, stage, say, show }) {
  const svg = find("svg")
  const mine = draft.outline // points, before: those of earlier states, held: place of the one taken up
  const within = value => Math.min(1, Math.max(0, value))

  // Lengths count in shares of the width, so that a step is as long across as it is down.
  const apart = (a, b) => Math.hypot(a[0] - b[0], (a[1] - b[1]) / ratio)
  const near = () => NEAR_PX / stage.getBoundingClientRect().width
  function pointAt(at) {
    const by = mine.points.map(point => apart(point, at))
    const best = by.indexOf(Math.min(...by))
    return by[best] <= near() ? best : -1
  }
  // The place in the order: between two neighbours whose side passes here, else after the last one.
  function placeOf(at) {
    const { points } = mine
    let [place, least] = [points.length, near()]
    for (let n = 1; n < points.length; n++) {
      const off = offSide(at, points[n - 1], points[n], ratio)
      if (off < least) [place, least] = [n, off]
    }
    return place
  }
  function remember() {
    mine.before.push(mine.points.map(point => [...point]))
    mine.before.splice(0, mine.before.length - MOST_CHANGES)
  }
  function add(at, place) {
    if (mine.points.length >= data.most) {
      say(`${data.most} points are the most there can be. Confirm the outline, or undo.`)
      return false
    }
    mine.points.splice(place, 0, at)
    return true
  }
  const counted = () => `${mine.points.length} ${mine.points.length === 1 ? "point" : "points"}.`

  function draw() {
    const { points } = mine
    const nothing = area(points) < data.least // such as points in a row, of an outline just begun
    const crossed = !nothing && crossing(points, data.grid)
    const d = points.map(([x, y], n) => `${n ? "L" : "M"}${x} ${y}`).join("")
    const [last, first] = [points.at(-1), points[0]]
    for (const name of [".under", ".line"]) find(name).setAttribute("d", d)
    find(".inside").setAttribute("d", points.length > 2 ? `${d}Z` : "")
    find(".closing").setAttribute("d", points.length > 2 ? `M${last}L${first}` : "")
    svg.classList.toggle("crossed", crossed)
    find(".points").className = `points of-outline${points.length > 40 ? " many" : ""}`
    find(".points").replaceChildren(...points.map(([x, y], n) => {
      const mark = document.createElement("span")
      if (n === mine.held) mark.className = "held"
      mark.style.left = `${100 * x}%`
      mark.style.top = `${100 * y}%`
      return mark
    }))
    const words = crossed ? "The outline crosses or touches itself. Move a point, or undo."
      : points.length < 3 ? `${counted()} An outline needs three at least.`
        : nothing ? `${counted()} They enclose almost nothing yet.` : counted()
    return { ready: !nothing && !crossed, empty: !points.length, crossed, words }
  }

  let stroke = null
  function begin(place, rubber) {
    if (rubber) return false
    mine.held = -1
    const at = place.map(within)
    const found = pointAt(at)
    const where = found < 0 ? placeOf(at) : found
    const [x, y] = found < 0 ? at : mine.points[found]
    const freehand = found < 0 && where === mine.points.length
    stroke = { where, freehand, drawn: 0, held: [x - at[0], y - at[1]] }
    remember()
    if (found >= 0 || add(at, where)) {
      show()
      return true
    }
    mine.before.pop()
    return false
  }
  function drag(place) {
    const { points } = mine
    const at = place.map(within)
    if (!stroke.freehand) points[stroke.where] = at.map((v, n) => within(v + stroke.held[n]))
    else if (apart(points.at(-1), at) < STROKE) return
    else if (add(at, points.length)) stroke.drawn += 1
    else return
    show()
  }
  function end() {
    if (stroke.drawn > 4) tidy(mine.points, data.grid)
    if (String(mine.before.at(-1)) === String(mine.points)) mine.before.pop() // nothing moved
    draft.at = mine.points.at(-1) ?? draft.at
    show()
  }

  function moved() {
    if (mine.held >= 0) mine.points[mine.held] = [...draft.at]
    if (!show().crossed) say(placeInWords(draft.at))
  }
  function set() {
    const found = pointAt(draft.at)
    if (mine.held >= 0) {
      mine.held = -1
      show()
      say(`Point set down, ${placeInWords(draft.at)}.`)
    } else if (found >= 0) {
      remember()
      mine.held = found
      draft.at = [...mine.points[found]]
      show()
      say(`Point ${found + 1} taken up.`)
    } else {
      remember()
      if (!add([...draft.at], placeOf(draft.at))) {
        mine.before.pop()
        return
      }
      if (!show().crossed) say(`Point set, ${placeInWords(draft.at)}. ${counted()}`)
    }
  }
  function next() {
    if (!mine.points.length) return
    mine.held = -1
    const by = mine.points.map(point => apart(point, draft.at))
    const now = by.indexOf(Math.min(...by))
    const to = by[now] < 1e-6 ? (now + 1) % mine.points.length : now
    draft.at = [...mine.points[to]]
    show()
    say(`Point ${to + 1} of ${mine.points.length}.`)
  }
  function rest() {
    mine.held = -1
    show()
  }

  return {
    draw, begin, drag, end, moved, rest, before: mine.before,
    onPhoto: { Enter: set, " ": set, n: next, N: next }, anywhere: {},
    back() {
      mine.held = -1
      if (mine.before.length) mine.points = mine.before.pop()
    },
    clear() {
      remember()
      Object.assign(mine, { points: [], held: -1 })
    },
    answer: () => mine.points,
  }
}

const placeInWords = at => `${Math.round(100 * at[0])} % across, ${Math.round(100 * at[1])} % down`

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
function tidy(points, grid) {
  const whole = points.length
  for (let left = whole; left >= whole * 0.8 && left > 3; left--) {
    if (!crossing(points.slice(0, left), grid)) {
      points.length = left
      return
    }
  }
}
