// Names duplicates before anything is sent: digests are computed here, and asked about in one request for many files.

const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// Null where the browser has no SubtleCrypto (plain http on another machine), or the file cannot be read.
async function digestOf(file) {
  if (!globalThis.crypto?.subtle) return null;
  try {
    return hex(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}

// A map from files to what is told of the photo that is here already. Without an answer nothing is known.
export async function knownAmong(files, { address, token }) {
  const digests = new Map();
  for (const file of files) digests.set(file, await digestOf(file));
  const asked = files.filter((file) => digests.get(file));
  if (!asked.length) return new Map();
  const response = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify({ files: asked.map((file) => ({ name: file.name, digest: digests.get(file) })) }),
  }).catch(() => null);
  if (!response?.ok || response.redirected) return new Map();
  const { known } = await response.json();
  return new Map(
    asked.filter((file) => known[digests.get(file)]).map((file) => [file, known[digests.get(file)]]),
  );
}
