// Keys of the page; for the scripts that name it in ``uses``.

// Whether this key was pressed alone, and not into a field.
function isPressOf(key, event) {
  const { target } = event
  if (target.isContentEditable || ["INPUT", "SELECT", "TEXTAREA"].includes(target.tagName)) return false
  if (event.ctrlKey || event.metaKey || event.altKey) return false
  return event.key.toLowerCase() === key && !event.repeat
}
