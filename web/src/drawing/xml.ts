const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };

/** Text that may stand in XML, as content or as an attribute. */
export function escaped(text: string): string {
  // Control characters are not allowed in XML 1.0 even when escaped.
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "").replace(/[&<>"']/g, (sign) => ESCAPES[sign]);
}

/** A length in an SVG document. */
export const n = (value: number) => String(Math.round(value * 100) / 100);
