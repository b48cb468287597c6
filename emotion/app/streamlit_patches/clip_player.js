// Joins a clip's video, its chart and its moments: seeks the video, draws a playhead on the chart.
// Streamlit's video widget cannot be seeked without being loaded anew, nor tells its position.

const VIDEO = ".st-key-picture-clip video"
const CHART = '.st-key-timeline [data-testid="stVegaLiteChart"]'
const PLOT = "svg .role-frame.root > g > path.background" // Vega's plotting area
const DRAW_EVERY_MS = 100

function seek(video, time) {
  const jump = () => {
    video.currentTime = time
    const { top, bottom, height } = video.getBoundingClientRect()
    const visible = Math.min(bottom, innerHeight) - Math.max(top, 0)
    if (visible < 0.6 * height) video.scrollIntoView({ block: "nearest" })
  }
  if (video.readyState > 0) jump()
  else video.addEventListener("loadedmetadata", jump, { once: true })
}

function drawPlayhead(video, data) {
  const chart = document.querySelector(CHART)
  const plot = chart?.querySelector(PLOT)
  if (!plot) return
  let line = chart.querySelector(".playhead")
  if (!line) {
    line = document.createElement("div")
    line.className = "playhead"
    line.setAttribute("aria-hidden", "true")
    chart.style.position = "relative"
    chart.append(line)
  }
  const frame = chart.getBoundingClientRect()
  const area = plot.getBoundingClientRect()
  const part = (video.currentTime + data.offset - data.low) / (data.high - data.low)
  line.hidden = !(part >= 0 && part <= 1)
  line.style.left = `${area.left - frame.left + part * area.width}px`
  line.style.top = `${area.top - frame.top}px`
  line.style.height = `${area.height}px`
}

export default function ({ data, parentElement }) {
  const video = document.querySelector(VIDEO)
  if (video && data.seek !== null && parentElement.emotionSeek !== data.count) {
    seek(video, Math.max(0, data.seek - data.offset))
  }
  parentElement.emotionSeek = data.count
  // Called again with new data without ending the last call.
  clearInterval(parentElement.emotionTimer)
  const timer = setInterval(() => {
    const shown = document.querySelector(VIDEO) // replaced once the annotated video is there
    if (shown) drawPlayhead(shown, data)
  }, DRAW_EVERY_MS)
  parentElement.emotionTimer = timer
  return () => clearInterval(timer)
}
