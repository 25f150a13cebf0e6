/** A picture that can be drawn from without delay. */
export type Picture = ImageBitmap | HTMLImageElement;

const MOST_HELD = 256 * 2 ** 20;
let held = 0;

/**
 * A picture, decoded beside the page's thread and held so: the browser would decode a sheet anew, within a frame, for
 * most of the pictures that a pointer passes. Where much is held already, the browser is left to it.
 */
export async function decoded(blob: Blob): Promise<Picture> {
  if (held < MOST_HELD) {
    const bitmap = await createImageBitmap(blob);
    held += 4 * bitmap.width * bitmap.height;
    return bitmap;
  }
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  await image.decode();
  URL.revokeObjectURL(image.src);
  return image;
}
