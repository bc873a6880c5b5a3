// The preview: asks for the photograph in the colors told, once nothing has moved for a moment. The newest wins.

const QUIET_MS = 150;
const SAID_AFTER_MS = 500; // a shorter wait is not worth a word, which would only flicker

export class Preview {
  // canvas: where it is drawn · listener: { waiting(isWaiting), shown(), failed(message) }
  constructor(server, address, canvas, listener) {
    this.server = server;
    this.address = address;
    this.canvas = canvas;
    this.listener = listener;
    this.asking = null;
  }

  ask(settings) {
    this.stop();
    this.quiet = setTimeout(() => this.fetch(settings), QUIET_MS);
  }

  stop() {
    clearTimeout(this.quiet);
    this.asking?.abort();
  }

  async fetch(settings) {
    const asking = new AbortController();
    this.asking = asking;
    const said = setTimeout(() => this.listener.waiting(true), SAID_AFTER_MS);
    try {
      const response = await this.server.ask(this.address, { send: settings, signal: asking.signal });
      const picture = await createImageBitmap(await response.blob());
      if (!asking.signal.aborted) this.draw(picture);
    } catch (error) {
      if (error.name !== "AbortError") this.listener.failed(error.message);
    } finally {
      clearTimeout(said);
      if (!asking.signal.aborted) this.listener.waiting(false); // else a newer one is waited for
    }
  }

  draw(picture) {
    this.canvas.width = picture.width;
    this.canvas.height = picture.height;
    this.canvas.getContext("2d").drawImage(picture, 0, 0);
    this.canvas.hidden = false;
    this.listener.shown();
  }
}
