import type { Field, Kind, Part, Settings, SettingsForm, Value } from "../data/documents";

/** A kind with every field at its default; fields of one number per lens are kept as one number until they are sent. */
export function partOf(kind: Kind): Part {
  return { kind: kind.kind, ...Object.fromEntries(kind.fields.map((field) => [field.name, one(field.default)])) };
}

export function one(value: unknown): Value {
  return (Array.isArray(value) ? (value[0] ?? null) : (value ?? null)) as Value;
}

export function kindOf(kinds: Kind[], part: Part): Kind {
  return kinds.find((kind) => kind.kind === part.kind) ?? kinds[0];
}

export function defaults(form: SettingsForm, layer: string, checkpoint: string): Settings {
  const lens = form.lenses.find((kind) => kind.kind === "pca") ?? form.lenses[0];
  const lenses = [partOf(lens), partOf(lens)];
  if ("component" in lenses[1]) lenses[1].component = 2;
  const general = Object.fromEntries((form.general ?? []).map((field) => [field.name, one(field.default)]));
  return {
    layer, checkpoint: checkpoint || null, lenses,
    cover: partOf(form.covers[0]), clusterer: partOf(form.clusterers[0]),
    metric: "std", min_shared: 1, seed: 0, ...general,
  };
}

/** Settings of a graph as a form holds them. */
export function edited(settings: Settings): Settings {
  const copy = structuredClone(settings);
  for (const [name, value] of Object.entries(copy.cover)) copy.cover[name] = Array.isArray(value) && value.every((v) => v === value[0]) ? value[0] : value;
  return copy;
}

/** Settings as the server takes them: one number per lens where a field asks for it. */
export function sent(settings: Settings, form: SettingsForm): Settings {
  const copy = structuredClone(settings);
  const perLens = (field: Field) => field.per_lens || Array.isArray(field.default);
  for (const field of kindOf(form.covers, copy.cover).fields) {
    const value = copy.cover[field.name];
    if (perLens(field)) copy.cover[field.name] = fitted(value, copy.lenses.length);
  }
  return copy;
}

function fitted(value: unknown, length: number): unknown[] {
  const list = Array.isArray(value) ? value : [value];
  return Array.from({ length }, (_, i) => list[Math.min(i, list.length - 1)]);
}
