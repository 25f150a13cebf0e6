import { keyOf, paintKey } from "./legend";
import { draw, type Ink, type Scene, type Transform } from "./scene";

const SHARPNESS = 2;

/** The same picture as on the canvas, with its legend below, two pixels wide for each of the screen's or more. */
export function toPng(scene: Scene, zoom: Transform, width: number, height: number, ink: Ink, captions: string[]): Promise<Blob | null> {
  const key = keyOf(scene, zoom.k, captions, width);
  const ratio = Math.max(SHARPNESS, window.devicePixelRatio || 1);
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round((height + key.height) * ratio);
  const context = canvas.getContext("2d")!;
  context.scale(ratio, ratio);
  draw(context, scene, zoom, width, height, ink, false);
  context.fillStyle = ink.paper;
  context.fillRect(0, height, width, key.height);
  paintKey(context, key, height, ink);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}
