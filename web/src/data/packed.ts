import type { Packed } from "./documents";

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

function whole(bytes: Uint8Array, width: number): ArrayBuffer {
  if (bytes.length % width) throw new Error(`a packed array must hold whole numbers of ${width} bytes, got ${bytes.length} bytes`);
  return bytes.buffer as ArrayBuffer;
}

/** Real numbers of a packed array of any type. */
export function floats(packed: Packed): Float32Array {
  const bytes = bytesOf(packed.data);
  if (packed.dtype === "f32") return new Float32Array(whole(bytes, 4));
  return Float32Array.from(packed.dtype === "i32" ? new Int32Array(whole(bytes, 4)) : bytes);
}

/** Whole numbers of a packed array of any type. */
export function integers(packed: Packed): Int32Array {
  const bytes = bytesOf(packed.data);
  if (packed.dtype === "i32") return new Int32Array(whole(bytes, 4));
  return Int32Array.from(packed.dtype === "f32" ? new Float32Array(whole(bytes, 4)) : bytes);
}
