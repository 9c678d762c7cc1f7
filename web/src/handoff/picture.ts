// Prepares a picture for sending: JPEG or PNG, at most the size of a screen, without the camera's metadata.

/** Longest side in pixels: a label stays readable, and a phone's photo shrinks to a tenth. */
const SIDE = 2048;
/** JPEG quality: above it files grow without a visible gain. */
const QUALITY = 0.86;

/** The picture drawn again; undefined if the browser cannot read it. */
export async function fit(file: Blob): Promise<Blob | undefined> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return undefined;
  }
  const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  if (context === null) return undefined;
  // A screenshot stays sharp as PNG; a possible photo becomes JPEG, on white where it is transparent.
  const type = file.type === "image/png" ? "image/png" : "image/jpeg";
  if (type === "image/jpeg") {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((resolve) => {
    canvas.toBlob((blob) => {
      resolve(blob ?? undefined);
    }, type, QUALITY);
  });
}

/** The bytes of a data URL. Not by `fetch`: a page's policy (`connect-src`) forbids that for `data:`. */
export function blobOf(dataUrl: string): Blob {
  const [head = "", body = ""] = dataUrl.split(",", 2);
  const bytes = Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: head.slice("data:".length).split(";")[0] ?? "" });
}

/** The picture for an agent: PNG or JPEG unchanged, anything else drawn again. */
export async function sendable(dataUrl: string): Promise<Blob> {
  const blob = blobOf(dataUrl);
  if (blob.type === "image/png" || blob.type === "image/jpeg") return blob;
  return (await fit(blob)) ?? blob;
}
