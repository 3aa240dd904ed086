// An area painted with a round brush: pixels of a grid over the photo. A pixel belongs to what the
// brush touched if its centre does; nothing is read back from the canvas, which some browsers blur.
const SIZES = { small: 0.01, medium: 0.03, large: 0.07 } // radius, of the width
const INSIDE = [255, 212, 0, 56]
const EDGE = [255, 212, 0, 255]
const AROUND = [0, 0, 0, 230]
const NOTHING = [0, 0, 0, 0]
const LINE = 2 // pixels, of the edge

function brushTool({ data, draft, find, all, ratio, stage, say, show }) {
  const [width, height] = data.canvas
  // counts: run lengths of what is painted, before: those of earlier states, down: whether keys paint
  const mine = draft.brush
  let pixels = pixelsOf(mine.counts, width, height) // 0 or 1, row by row
  const [canvas, ring] = [find("canvas"), find(".ring")]
  const context = canvas.getContext("2d")
  const picture = context.createImageData(width, height)
  Object.assign(canvas, { width, height })
  hover(null)
  paint(0, 0, width, height)

  const percent = share => (share && share < 0.01 ? "Less than 1" : `${Math.round(100 * share)}`)
  function remember() {
    mine.before.push(mine.counts)
    mine.before.splice(0, mine.before.length - MOST_CHANGES)
  }
  function settle() {
    mine.counts = runs(pixels, width, height)
    if (String(mine.before.at(-1)) === String(mine.counts)) mine.before.pop() // nothing changed
  }

  // What the brush touches on its way from one place to another.
  function sweep(from, to) {
    const value = mine.erase || mine.rubber ? 0 : 1
    const radius = SIZES[mine.size] * width
    const [x, y, u, v] = [from[0] * width, from[1] * height, to[0] * width, to[1] * height]
    const left = Math.max(0, Math.floor(Math.min(x, u) - radius))
    const top = Math.max(0, Math.floor(Math.min(y, v) - radius))
    const right = Math.min(width, Math.ceil(Math.max(x, u) + radius))
    const bottom = Math.min(height, Math.ceil(Math.max(y, v) + radius))
    const [across, down] = [u - x, v - y]
    const long = across * across + down * down || 1
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) {
        const a = column + 0.5 - x
        const b = row + 0.5 - y
        const along = Math.min(1, Math.max(0, (a * across + b * down) / long))
        const [c, d] = [a - along * across, b - along * down]
        if (c * c + d * d <= radius * radius) pixels[row * width + column] = value
      }
    }
    paint(left - LINE, top - LINE, right + LINE, bottom + LINE)
  }

  // Show a part of it: a tint, with a bright line at its border and a dark one around.
  function paint(left, top, right, bottom) {
    [left, top] = [Math.max(0, left), Math.max(0, top)]
    ;[right, bottom] = [Math.min(width, right), Math.min(height, bottom)]
    if (left >= right || top >= bottom) return
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) {
        const place = row * width + column
        const own = pixels[place]
        const thick = own ? LINE : 1
        const border = (column >= thick && pixels[place - thick] !== own)
          || (column < width - thick && pixels[place + thick] !== own)
          || (row >= thick && pixels[place - thick * width] !== own)
          || (row < height - thick && pixels[place + thick * width] !== own)
        picture.data.set(own ? (border ? EDGE : INSIDE) : border ? AROUND : NOTHING, 4 * place)
      }
    }
    context.putImageData(picture, 0, 0, left, top, right - left, bottom - top)
  }

  function hover(at) {
    ring.hidden = at === null
    if (at === null) return
    ring.style.left = `${100 * at[0]}%`
    ring.style.top = `${100 * at[1]}%`
    ring.style.width = `${200 * SIZES[mine.size]}%`
    ring.className = `ring of-brush${mine.erase || mine.rubber ? " erases" : ""}`
  }

  function draw() {
    const share = mine.counts.reduce((sum, n, place) => sum + (place % 2) * n, 0) / pixels.length
    const pieces = mine.counts.length > data.runs
    const words = pieces ? "The area is in too many pieces. Fill it in, or undo."
      : !share ? "Nothing is painted yet. Paint over the lesion."
        : share < data.least ? "Almost nothing is painted yet."
          : `${percent(share)} % of the photo is painted.`
    for (const [name, value] of [["does", mine.erase ? "erase" : "paint"], ["size", mine.size]]) {
      all(`input[name=${name}]`).forEach(input => { input.checked = input.value === value })
    }
    return { ready: share >= data.least && !pieces, empty: !share, words }
  }

  let last = null
  function begin(at, rubber) {
    lift()
    remember()
    mine.rubber = rubber
    sweep(at, at)
    hover(at)
    last = at
    return true
  }
  function drag(at) {
    sweep(last, at)
    hover(at)
    last = at
  }
  function end() {
    mine.rubber = false
    draft.at = last.map(value => Math.min(1, Math.max(0, value)))
    settle()
    show()
  }

  function lift() {
    if (mine.down) settle()
    mine.down = false
  }
  function put() {
    if (mine.down) lift()
    else {
      remember()
      mine.down = true
      sweep(draft.at, draft.at)
      mine.counts = runs(pixels, width, height)
    }
    hover(draft.at)
    const { words } = show()
    const does = mine.erase ? "erasing" : "painting"
    say(mine.down ? `Brush down, ${does}. ${placeInWords(draft.at)}.` : `Brush lifted. ${words}`)
  }
  function moved(from) {
    hover(draft.at)
    if (!mine.down) {
      say(placeInWords(draft.at))
      return
    }
    sweep(from, draft.at)
    mine.counts = runs(pixels, width, height)
    const { words } = show()
    say(`${placeInWords(draft.at)}. ${words}`)
  }
  function sized(by) {
    const names = Object.keys(SIZES)
    const place = names.indexOf(mine.size) + by
    use({ size: names[Math.min(names.length - 1, Math.max(0, place))] })
    say(`Brush: ${mine.size}.`)
  }
  function use(change) {
    lift()
    Object.assign(mine, change)
    if (!ring.hidden) hover([parseFloat(ring.style.left) / 100, parseFloat(ring.style.top) / 100])
    show()
  }
  function turn() {
    use({ erase: !mine.erase })
    say(mine.erase ? "The brush erases." : "The brush paints.")
  }
  all("input[name=does]").forEach(input => {
    input.onchange = () => use({ erase: input.value === "erase" })
  })
  all("input[name=size]").forEach(input => { input.onchange = () => use({ size: input.value }) })
  stage.onblur = () => {
    lift()
    hover(null)
  }

  return {
    draw, begin, drag, end, moved, hover, before: mine.before,
    onPhoto: { Enter: put, " ": put },
    anywhere: { "[": () => sized(-1), "]": () => sized(1), e: turn, E: turn },
    rest() {
      lift()
      hover(null)
      show()
    },
    back() {
      lift()
      if (!mine.before.length) return
      mine.counts = mine.before.pop()
      pixels = pixelsOf(mine.counts, width, height)
      paint(0, 0, width, height)
    },
    clear() {
      lift()
      remember()
      mine.counts = [width * height]
      pixels.fill(0)
      paint(0, 0, width, height)
    },
    answer: () => ({ size: [height, width], counts: mine.counts }),
  }
}

// Run lengths down the columns: not painted, painted, and so on in turn (core/learning/outlines.py).
function runs(pixels, width, height) {
  const counts = []
  let [value, length] = [0, 0]
  for (let column = 0; column < width; column++) {
    for (let place = column; place < width * height; place += width) {
      if (pixels[place] !== value) {
        counts.push(length);
        [value, length] = [1 - value, 0]
      }
      length += 1
    }
  }
  return [...counts, length]
}

function pixelsOf(counts, width, height) {
  const pixels = new Uint8Array(width * height)
  let place = 0
  counts.forEach((length, n) => {
    for (const end = place + length; place < end; place++) {
      if (n % 2) pixels[(place % height) * width + Math.floor(place / height)] = 1
    }
  })
  return pixels
}
