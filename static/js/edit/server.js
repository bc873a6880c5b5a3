// Asks the server for what only the generator knows. What goes wrong is an Error whose message can be shown.

export class Server {
  // texts: { textOffline, textLogin, textFailed } · token: against forged requests
  constructor(token, texts) {
    this.token = token;
    this.texts = texts;
  }

  // The response of a GET, or of a POST when there is something to send.
  async ask(address, { send, signal } = {}) {
    const options = send && {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": this.token },
      body: JSON.stringify(send),
    };
    let response;
    try {
      response = await fetch(address, { ...options, signal });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Error(this.texts.textOffline);
    }
    if (response.redirected) throw new Error(this.texts.textLogin);
    if (!response.ok) throw new Error(await reasonOf(response, this.texts.textFailed));
    return response;
  }
}

async function reasonOf(response, otherwise) {
  const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
  const { error } = isJson ? await response.json() : {};
  return error?.message ?? error ?? otherwise;
}
