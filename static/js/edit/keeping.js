// Keeping what was told, as a variant of the photograph or for others too; and what happens to it on leaving.

export class Keeping {
  // root: the editor, whose data names the addresses · listener: { settings(), isChanged(), hasMore(), failed(message) }
  constructor(root, server, listener) {
    this.texts = root.dataset;
    this.server = server;
    this.listener = listener;
    this.isLeaving = false;
    addEventListener("beforeunload", (event) => {
      if (!this.isLeaving && (listener.isChanged() || listener.hasMore())) event.preventDefault();
    });
  }

  keep(button) {
    return this.leave(button, () => this.texts.photo);
  }

  copy(button) {
    return this.leave(button, (jobId) => this.texts.copy.replace("/0/", `/${jobId}/`));
  }

  // Colors that are shown already are not ordered again.
  async leave(button, addressOf) {
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    try {
      const { shownJob } = this.texts;
      const jobId = this.listener.isChanged() || !shownJob ? await this.order() : shownJob;
      this.isLeaving = true;
      location.href = addressOf(jobId);
    } catch (error) {
      this.listener.failed(error.message);
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  async order() {
    const response = await this.server.ask(this.texts.variant, { send: this.listener.settings() });
    return (await response.json()).job_id;
  }
}
