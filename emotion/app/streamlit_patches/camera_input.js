// Streamlit's camera input waits for ever on a page that the browser gives no camera.

export default function ({ data, parentElement }) {
  if (window.isSecureContext && navigator.mediaDevices) return
  const notice = parentElement.querySelector(".camera-notice")
  notice.textContent = data.text
  notice.hidden = false
  // Removed together with this component, when another source of the picture is chosen.
  const style = document.createElement("style")
  style.textContent = '[data-testid="stCameraInput"] { display: none }'
  parentElement.append(style)
}
