// Asks the camera for the resolution that the visitor chose, before a start and while it runs.
//
// The component of streamlit-webrtc 0.79 asks for one resolution, at the start. So its iframe's
// getUserMedia is wrapped: it asks for our size and keeps the tracks that it returns, so that their
// constraints can be changed later. Where the iframe cannot be reached, the size stays what the
// component asks for.

const POLL_EVERY_MS = 300

function ideal([width, height]) {
  return { width: { ideal: width }, height: { ideal: height } }
}

function wrap(view) {
  if (view.emotionCamera) return view.emotionCamera
  const camera = { size: null, asked: null, tracks: [] }
  const devices = view.navigator.mediaDevices
  const ask = devices.getUserMedia.bind(devices)
  devices.getUserMedia = async (wanted) => {
    const video = wanted?.video
    const sized = video && camera.size
      ? { ...wanted, video: { ...(typeof video === "object" ? video : {}), ...ideal(camera.size) } }
      : wanted
    const stream = await ask(sized)
    camera.asked = camera.size
    camera.tracks = camera.tracks.filter((track) => track.readyState === "live")
    camera.tracks.push(...stream.getVideoTracks())
    return stream
  }
  view.emotionCamera = camera
  return camera
}

function apply(size) {
  const view = cameraWindow()
  if (!view?.navigator.mediaDevices?.getUserMedia) return
  const camera = wrap(view)
  camera.size = size
  if (camera.asked === null || String(camera.asked) === String(size)) return
  camera.asked = size
  for (const track of camera.tracks.filter((each) => each.readyState === "live")) {
    const { width, height, ...rest } = track.getConstraints()
    // A camera that does not support it stays as it is.
    track.applyConstraints({ ...rest, ...ideal(size) }).catch(() => {})
  }
}

export default function ({ data, parentElement }) {
  // Called again with new data without ending the last call: two timers would contradict.
  clearInterval(parentElement.emotionTimer)
  // The iframe may come later than this, and again after another page was visited.
  const timer = setInterval(() => apply(data.size), POLL_EVERY_MS)
  parentElement.emotionTimer = timer
  apply(data.size)
  return () => clearInterval(timer)
}
