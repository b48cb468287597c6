// Watches the iframe of streamlit-webrtc's component and explains its errors on the page.
// Written for streamlit-webrtc 0.79, whose iframe is built with Material UI.

const POLL_EVERY_MS = 300
// The component's own styles come later in the document, hence "important".
const STYLE = `
  .MuiButton-root {
    text-transform: none !important; box-shadow: none !important;
    font-size: 1rem !important; border-radius: .6rem !important;
  }
  .MuiPaper-root:not(.MuiAlert-root) { aspect-ratio: 4 / 3; border-radius: .6rem !important }
  #root > .MuiBox-root > .MuiBox-root:first-of-type { padding-top: 0 !important }
  .MuiAlert-root { display: none !important }`
// The component rarely reports its height; with our style it must follow its content.
const FOLLOW_HEIGHT = `new ResizeObserver(() => parent.postMessage({
  isStreamlitMessage: true, type: "streamlit:setFrameHeight", height: document.body.scrollHeight,
}, "*")).observe(document.body)`

function addStyle(frame) {
  for (const video of frame.querySelectorAll("video:not([aria-label])")) {
    video.setAttribute("aria-label", "Camera with labelled faces")
  }
  if (!frame.head || frame.getElementById("emotion-style")) return
  const style = frame.createElement("style")
  style.id = "emotion-style"
  style.textContent = STYLE
  const script = frame.createElement("script")
  script.textContent = FOLLOW_HEIGHT
  frame.head.append(style, script)
}

function errorText(frame, texts) {
  const error = frame.querySelector(".MuiAlert-colorError .MuiAlert-message")
  if (!error) return null
  const text = error.textContent
  if (/mediaDevices|getUserMedia|securely/.test(text)) return texts.insecure
  return texts[text.split(":")[0].trim()] ?? `${texts.other} (${text})`
}

function isWaiting(frame, stop) {
  const stops = [...frame.querySelectorAll("button")].some((b) => b.textContent.trim() === stop)
  return stops && !frame.querySelector("video")
}

export default function ({ data, parentElement }) {
  const notice = parentElement.querySelector(".camera-notice")
  const update = () => {
    const frame = cameraWindow()?.document
    if (!frame) return // the component's own message stays visible
    addStyle(frame)
    const failed = errorText(frame, data.texts)
    // Once the server has an offer, the camera was granted: only the connection is missing.
    const waiting = !data.offered && isWaiting(frame, data.stop)
    const text = failed ?? (waiting ? data.texts.waiting : "")
    if (notice.textContent !== text) notice.textContent = text
    notice.hidden = !text
    notice.classList.toggle("failed", Boolean(failed))
  }
  // Called again with new data without ending the last call: two timers would contradict.
  clearInterval(parentElement.emotionTimer)
  const timer = setInterval(update, POLL_EVERY_MS)
  parentElement.emotionTimer = timer
  update()
  return () => clearInterval(timer)
}
