// Sends a large file in pieces by the tus protocol; after a break it goes on from the last piece that arrived.

const PIECE_BYTES = 5 * 1024 * 1024;
const AGAIN_AFTER_MS = [0, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000];

async function client() {
  if (!window.tus) await import("../vendor/tus-js-client/tus.min.js");
  return window.tus;
}

// Resolves with the response to the finishing request, or null when the connection did not come back.
export async function sendInPieces(file, { address, token, onProgress, onInterrupted, onResumed }) {
  const tus = await client();
  let interrupted = false;
  const uploaded = await new Promise((resolve) => {
    const upload = new tus.Upload(file, {
      endpoint: address,
      chunkSize: PIECE_BYTES,
      retryDelays: AGAIN_AFTER_MS,
      metadata: { filename: file.name },
      headers: { "X-CSRFToken": token },
      removeFingerprintOnSuccess: true,
      onProgress(sent, total) {
        if (interrupted) onResumed();
        interrupted = false;
        onProgress(sent / total);
      },
      onShouldRetry(error) {
        const status = error.originalResponse?.getStatus() ?? 0;
        const helps = status === 0 || status === 409 || status === 423 || status === 429 || status >= 500;
        if (helps) {
          interrupted = true;
          onInterrupted();
        }
        return helps;
      },
      onError: (error) => resolve({ error }),
      onSuccess: () => resolve({ url: upload.url }),
    });
    upload.findPreviousUploads().then((previous) => {
      if (previous.length) upload.resumeFromPreviousUpload(previous[0]);
      upload.start();
    });
  });
  if (uploaded.error) return uploaded.error.originalResponse ? refusal(uploaded.error.originalResponse) : null;
  return finish(uploaded.url, token);
}

function refusal(response) {
  return new Response(response.getBody() || null, { status: Math.max(400, response.getStatus()) });
}

async function finish(url, token) {
  const headers = { "X-CSRFToken": token, Accept: "application/json" };
  return fetch(`${url}finish/`, { method: "POST", headers }).catch(() => null);
}
