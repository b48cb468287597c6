// Files that are pasted, or dropped anywhere on the page, go to Streamlit's file uploader.

const DROPZONE = '[data-testid="stFileUploaderDropzone"]'

function give(files) {
  const field = document.querySelector('input[data-testid="stFileUploaderDropzoneInput"]')
  const chosen = [...(files ?? [])]
  if (!field || field.disabled || !chosen.length) return false
  const transfer = new DataTransfer()
  for (const file of chosen) transfer.items.add(file)
  field.files = transfer.files
  field.dispatchEvent(new Event("change", { bubbles: true }))
  return true
}

// The uploader itself takes what is dropped on it.
const isOutside = (event) =>
  event.dataTransfer?.types.includes("Files") && !event.target.closest?.(DROPZONE)

export default function () {
  const paste = (event) => {
    if (give(event.clipboardData?.files)) event.preventDefault()
  }
  const over = (event) => {
    if (isOutside(event)) event.preventDefault()
  }
  const drop = (event) => {
    if (!isOutside(event)) return
    event.preventDefault()
    give(event.dataTransfer.files)
  }
  const listeners = { paste, dragover: over, drop }
  for (const [type, listener] of Object.entries(listeners)) document.addEventListener(type, listener)
  document.body.dataset.takesFiles = "" // what tests wait for
  return () => {
    for (const [type, listener] of Object.entries(listeners)) document.removeEventListener(type, listener)
  }
}
