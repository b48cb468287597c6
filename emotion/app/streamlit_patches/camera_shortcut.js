// Keys that are pressed in the iframe of streamlit-webrtc's component (same origin as the page), which
// has the focus after a press on Start and on the whole screen, do not reach the page's shortcuts.

const LOOK_EVERY_MS = 500

export default function ({ data, parentElement }) {
  parentElement.emotionEnd?.() // called again with new data without ending the last call
  let listened = null

  function press(event) {
    if (!isPressOf(data.key, event)) return
    document.querySelector(`.st-key-${data.button} button:enabled`)?.click()
  }

  function listen() {
    const frame = cameraWindow()?.document ?? null
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
