// The iframe of streamlit-webrtc's component; for the scripts that name it in ``uses``.

const CAMERA_IFRAME = 'iframe[title*="webrtc_streamer"]'

// Its window; null while there is none, or where it is of another origin than the page.
function cameraWindow() {
  try {
    const view = document.querySelector(CAMERA_IFRAME)?.contentWindow
    return view?.document ? view : null
  } catch {
    return null
  }
}
