// Asks the camera for the size that the visitor chose, before a start and while it runs.
//
// The component of streamlit-webrtc 0.79 knows one size only, given at the start. So its frame's
// getUserMedia is wrapped: it asks for our size, and the tracks that it returns are kept so that
// they can be told another one. The frame has the page's origin; where it cannot be reached, the
// size stays what the component asks for.

const FRAME = 'iframe[title*="webrtc_streamer"]'
const LOOK_EVERY_MS = 300

function cameraWindow() {
  try {
    const view = document.querySelector(FRAME)?.contentWindow
    return view?.navigator.mediaDevices?.getUserMedia ? view : null
  } catch {
    return null
  }
}

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
  if (!view) return
  const camera = wrap(view)
  camera.size = size
  if (camera.asked === null || String(camera.asked) === String(size)) return
  camera.asked = size
  for (const track of camera.tracks.filter((each) => each.readyState === "live")) {
    const { width, height, ...rest } = track.getConstraints()
    // A camera that cannot do it goes on as it is.
    track.applyConstraints({ ...rest, ...ideal(size) }).catch(() => {})
  }
}

export default function ({ data, parentElement }) {
  // Called again with new data, without an end to the last call: two timers would contradict.
  clearInterval(parentElement.emotionTimer)
  // The frame may come later than this, and anew after another place was visited.
  const timer = setInterval(() => apply(data.size), LOOK_EVERY_MS)
  parentElement.emotionTimer = timer
  apply(data.size)
  return () => clearInterval(timer)
}
