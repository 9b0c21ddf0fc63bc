// Talking to the server: requests with the session's token, and the socket that comes back.

let csrf = "";

/** An answer that is no success; the message is for people. */
export class Refused extends Error {
  constructor(status, answer) {
    super(answer.error || `HTTP ${status}`);
    this.status = status;
    this.code = answer.code || "";
    this.waitSeconds = answer.wait_s || 0;
  }
}

/** Remember the token that changes must carry. */
export function useToken(token) {
  csrf = token;
}

/**
 * Return the JSON of an answer.
 * @param {string} method  of HTTP
 * @param {string} path  below /api
 * @param {object|FormData|undefined} body  sent as JSON, or as a form
 */
export async function ask(method, path, body = undefined) {
  const headers = { "X-CSRF-Token": csrf };
  const isForm = body instanceof FormData;
  if (body !== undefined && !isForm) headers["Content-Type"] = "application/json";
  const answer = await fetch(`/api${path}`, {
    method,
    headers,
    body: body === undefined || isForm ? body : JSON.stringify(body),
    credentials: "same-origin",
  });
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, content);
  return content;
}

const RETRY_MS = [500, 1000, 2000, 5000];

/** The socket: told state, alerts and pictures; opens again when the connection is lost. */
export class Live extends EventTarget {
  #socket = null;
  #camera = null;
  #head = null;
  #failures = 0;
  #closed = false;

  open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/api/live`);
    socket.binaryType = "blob";
    socket.addEventListener("open", () => {
      this.#failures = 0;
      if (this.#camera !== null) this.#say({ command: "watch", camera: this.#camera });
    });
    socket.addEventListener("message", (event) => this.#take(event.data));
    socket.addEventListener("close", (event) => {
      if (this.#closed) return;
      if (event.code === 1008) {
        this.dispatchEvent(new Event("over"));
        return;
      }
      this.dispatchEvent(new Event("lost"));
      const pause = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)];
      this.#failures += 1;
      setTimeout(() => this.#closed || this.open(), pause);
    });
    this.#socket = socket;
  }

  close() {
    this.#closed = true;
    this.#socket?.close();
  }

  watch(camera) {
    this.#camera = camera;
    this.#say({ command: "watch", camera });
  }

  unwatch() {
    this.#camera = null;
    this.#say({ command: "unwatch" });
  }

  #say(content) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(content));
  }

  #take(data) {
    if (typeof data !== "string") {
      this.dispatchEvent(new CustomEvent("picture", { detail: { head: this.#head, jpeg: data } }));
      return;
    }
    const content = JSON.parse(data);
    if (content.kind === "frame") this.#head = content;
    else this.dispatchEvent(new CustomEvent(content.kind === "error" ? "refused" : content.kind, { detail: content }));
  }
}
