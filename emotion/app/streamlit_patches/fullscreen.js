// Shows the live video on the whole screen. It plays in the iframe of streamlit-webrtc's component
// (same origin as the page); a click on the page counts as one in that iframe.

const POLL_EVERY_MS = 500

function liveVideo() {
  return cameraWindow()?.document.querySelector("video") ?? null
}

function open(video) {
  if (video.requestFullscreen) video.requestFullscreen().catch(() => {})
  else video.webkitEnterFullscreen?.() // iPhones
}

export default function ({ data, parentElement }) {
  const button = parentElement.querySelector("button")
  button.textContent = data.label
  button.onclick = () => {
    const video = liveVideo()
    if (video) open(video)
  }
  const update = () => { button.disabled = !liveVideo() }
  clearInterval(parentElement.emotionTimer)
  const timer = setInterval(update, POLL_EVERY_MS)
  parentElement.emotionTimer = timer
  update()
  return () => clearInterval(timer)
}
