// Marks an event at the video's position, which only the browser knows.

const VIDEO = ".st-key-picture-clip video"
const KEY = "m"

export default function ({ data, parentElement, setTriggerValue }) {
  parentElement.emotionEnd?.() // called again with new data without ending the last call
  const button = parentElement.querySelector("button")
  button.firstElementChild.textContent = data.label

  function mark() {
    const video = document.querySelector(VIDEO)
    if (video) setTriggerValue("marked", video.currentTime + data.offset)
  }

  function press(event) {
    if (!isPressOf(KEY, event)) return
    event.preventDefault() // the video's own key for sound
    mark()
  }

  button.onclick = mark
  document.addEventListener("keydown", press)
  const end = () => document.removeEventListener("keydown", press)
  parentElement.emotionEnd = end
  return end
}
