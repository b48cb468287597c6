// Asks the server for ICE servers when a stream starts, and adds them to the browser's connection.
//
// The component of streamlit-webrtc 0.79 has a configuration from the moment it is drawn, and makes
// its RTCPeerConnection of it at Start. So that class is replaced in its iframe: a new connection asks
// at once, and waits for the answer before it gathers candidates (setLocalDescription).

const POLL_EVERY_MS = 50
const ASK_AGAIN_AFTER_MS = 2000
const GIVE_UP_AFTER_MS = 8000

const waiting = new Map() // number of a start -> what takes its servers

// The servers of a new start; none where the page does not answer.
function ask(trigger) {
  return new Promise((resolve) => {
    const start = Date.now()
    const done = (servers) => {
      clearInterval(again)
      clearTimeout(end)
      waiting.delete(start)
      resolve(servers)
    }
    // A run of the page that is interrupted may lose it.
    const again = setInterval(() => trigger("start", start), ASK_AGAIN_AFTER_MS)
    const end = setTimeout(() => done([]), GIVE_UP_AFTER_MS)
    waiting.set(start, done)
    trigger("start", start)
  })
}

function wrap(trigger) {
  const view = cameraWindow()
  const Original = view?.RTCPeerConnection
  if (!Original) return
  view.emotionTrigger = trigger
  if (view.emotionServers) return
  view.emotionServers = true
  view.RTCPeerConnection = class extends Original {
    #servers

    constructor(...given) {
      super(...given)
      this.#servers = ask((...sent) => view.emotionTrigger(...sent))
    }

    async setLocalDescription(...given) {
      const servers = await this.#servers
      if (servers.length && this.signalingState !== "closed") {
        this.setConfiguration({ ...this.getConfiguration(), iceServers: servers })
      }
      return super.setLocalDescription(...given)
    }
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  if (data) waiting.get(data.start)?.(data.servers)
  // Called again with new data without ending the last call: two timers would contradict.
  clearInterval(parentElement.emotionTimer)
  // The iframe may come later than this, and again after another page was visited.
  const timer = setInterval(() => wrap(setTriggerValue), POLL_EVERY_MS)
  parentElement.emotionTimer = timer
  wrap(setTriggerValue)
  return () => clearInterval(timer)
}
