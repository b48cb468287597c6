// Keys that are pressed in the iframe of streamlit-webrtc's component (same origin as the page), which
// has the focus after a press on Start and on the whole screen, do not reach the page's shortcuts.

const FRAME = 'iframe[title*="webrtc_streamer"]'
const LOOK_EVERY_MS = 500

function isTyping(target) {
  return ["INPUT", "SELECT", "TEXTAREA"].includes(target.tagName)
}

export default function ({ data, parentElement }) {
  parentElement.emotionEnd?.() // called again with new data without ending the last call
  let listened = null

  function press(event) {
    if (event.key.toLowerCase() !== data.key || event.repeat || isTyping(event.target)) return
    if (event.ctrlKey || event.metaKey || event.altKey) return
    document.querySelector(`.st-key-${data.button} button:enabled`)?.click()
  }

  function listen() {
    let frame = null
    try {
      frame = document.querySelector(FRAME)?.contentDocument ?? null
    } catch {
      return // another origin
    }
    if (frame === listened) return
    listened?.removeEventListener("keydown", press)
    frame?.addEventListener("keydown", press)
    listened = frame
  }

  const timer = setInterval(listen, LOOK_EVERY_MS)
  listen()
  const end = () => {
    clearInterval(timer)
    listened?.removeEventListener("keydown", press)
  }
  parentElement.emotionEnd = end
  return end
}
