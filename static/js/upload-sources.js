// Where files come from: drops with whole folders in them, the clipboard, and which of them are photographs.

const PHOTOGRAPH = /\.(jpe?g|jpe|jfif|png|webp|tiff?|hei[cf]|avif)$/i;

// Files that came with a folder are chosen by their names; who picks a single file means it.
export const isPhotograph = (file) => PHOTOGRAPH.test(file.name);

// In the place of a file or a folder that cannot be read: what else was dropped is read all the same.
const UNREADABLE = { name: "", file: (resolve) => resolve(UNREADABLE) };

function fileOf(entry) {
  return new Promise((resolve) => entry.file(resolve, () => resolve(UNREADABLE)));
}

// A directory is read in portions, until an empty one.
async function entriesOf(folder) {
  const reader = folder.createReader();
  const found = [];
  for (;;) {
    const portion = await new Promise((resolve) => reader.readEntries(resolve, () => resolve(null)));
    if (!portion) return [...found, UNREADABLE];
    if (!portion.length) return found;
    found.push(...portion);
  }
}

async function filesIn(folder) {
  const files = [];
  for (const entry of await entriesOf(folder)) {
    if (entry.name.startsWith(".")) continue;
    files.push(...(entry.isDirectory ? await filesIn(entry) : [await fileOf(entry)]));
  }
  return files;
}

// What was dropped must be taken from the event at once; folders are read afterwards.
export function takeDropped(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const folders = items.map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry?.isDirectory);
  const files = items.filter((item) => !item.webkitGetAsEntry?.()?.isDirectory).map((item) => item.getAsFile());
  return { files, folders };
}

export async function readFolders(folders) {
  const found = [];
  for (const folder of folders) found.push(...(await filesIn(folder)));
  return found;
}

// The clipboard calls every picture image.png.
export function pastedFiles(transfer, name) {
  const at = new Date().toISOString().slice(0, 19).replaceAll(":", ".").replace("T", " ");
  return [...transfer.files]
    .filter((file) => file.type.startsWith("image/"))
    .map((file, number) => {
      const ending = file.name.includes(".") ? file.name.slice(file.name.lastIndexOf(".")) : ".png";
      const given = /^image\.\w+$/.test(file.name) ? `${name} ${at}${number ? ` ${number + 1}` : ""}${ending}` : file.name;
      return new File([file], given, { type: file.type });
    });
}
