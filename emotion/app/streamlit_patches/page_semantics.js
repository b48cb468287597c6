// Landmarks, names and announcements for assistive technology that Streamlit does not give.
// Written for Streamlit 1.67.

const ANNOUNCE_EVERY_MS = 4000 // a live result changes every second; nobody can follow that by ear

function set(element, name, value) {
  if (element && element.getAttribute(name) !== value) element.setAttribute(name, value)
}

function nameLandmarks(data) {
  const header = document.querySelector(".st-key-site-header")
  set(header, "role", "navigation")
  set(header, "aria-label", data.navigation)
  for (const link of header?.querySelectorAll('[data-testid="stPageLink-NavLink"]') ?? []) {
    if (link.textContent.trim() === data.current) set(link, "aria-current", "page")
    else link.removeAttribute("aria-current")
  }
}

function nameCamera(data) {
  set(document.querySelector(CAMERA_IFRAME), "aria-label", data.camera)
}

// What opens over the page, such as a button's hint, stands outside its landmarks.
function nameOverlay(data) {
  const overlay = document.getElementById("stFloatingOverlayPortal")
  set(overlay, "role", "region")
  set(overlay, "aria-label", data.overlay)
}

// The first heading: Streamlit's own link leads to a container that begins with the navigation.
function skipToContent(event) {
  if (!event.target.closest?.('[data-testid="stSkipToContent"]')) return
  const heading = document.querySelector("h1")
  if (!heading) return
  event.preventDefault()
  event.stopPropagation()
  heading.tabIndex = -1
  heading.focus()
}

// One region for all: a new element with role="status" is often not read, a changed text is.
function announcer() {
  let region = document.getElementById("emotion-announcer")
  if (!region) {
    region = document.createElement("div")
    region.id = "emotion-announcer"
    region.className = "visually-hidden"
    region.setAttribute("role", "status")
    document.querySelector('[data-testid="stMain"]')?.append(region)
  }
  return region
}

export default function ({ data }) {
  let timer = null
  let said = null

  function announce() {
    timer = null
    const texts = [...document.querySelectorAll("[data-announce]")].map((e) => e.dataset.announce)
    const text = texts.slice(0, 5).join(". ")
    if (text === said) return
    if (text || said) announcer().textContent = text
    said = text
  }

  function update() {
    nameLandmarks(data)
    nameCamera(data)
    nameOverlay(data)
    timer ??= setTimeout(announce, said === null ? 0 : ANNOUNCE_EVERY_MS)
  }

  const observer = new MutationObserver(update)
  observer.observe(document.body, { childList: true, subtree: true })
  document.addEventListener("click", skipToContent, true)
  update()
  return () => {
    observer.disconnect()
    clearTimeout(timer)
    document.removeEventListener("click", skipToContent, true)
  }
}
