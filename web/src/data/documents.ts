/** The documents that the server gives and an export embeds: docs/decisions/0012-the-explorer.md, as types. */

export interface Packed {
  dtype: "f32" | "i32" | "u8";
  data: string;
}

export interface Column {
  id: string;
  name: string;
  kind: "category" | "number";
  classes?: string[];
  unit?: string;
  checkpoint: string | null;
}

export interface Tiles {
  size: number;
  columns: number;
  per_sheet: number;
  sheets: number;
}

export interface Space {
  id: string;
  points: number;
  noun: string;
  tiles: Tiles | null;
  columns: Column[];
}

export interface Layer {
  id: string;
  name: string;
  kind: string;
  space: string;
  points: number;
  features: number;
  module?: string;
  quantities: Record<string, Record<string, number | null>>;
}

export interface Checkpoint {
  id: string;
  name: string;
  step: number;
}

export interface Run {
  format: "topolens.run/1";
  name: string;
  created: string;
  topolens: string;
  spaces: Space[];
  layers: Layer[];
  checkpoints: Checkpoint[];
  findings: boolean;
  training: boolean;
  live: boolean;
  notice?: string | null;
}

export type Value = number | string | null;
export type Part = { kind: string } & Record<string, unknown>;

export interface Settings {
  layer: string;
  checkpoint: string | null;
  lenses: Part[];
  cover: Part;
  clusterer: Part;
  metric: string | null;
  min_shared: number;
  seed: number;
}

export interface Field {
  name: string;
  label: string;
  type: "int" | "float" | "choice" | "column" | "class";
  default: Value | Value[];
  min?: number | null;
  max?: number | null;
  choices?: (string | number | null)[] | null;
  per_lens?: boolean;
  help?: string;
}

export interface Kind {
  kind: string;
  label?: string;
  help?: string;
  fields: Field[];
}

export interface SettingsForm {
  lenses: Kind[];
  covers: Kind[];
  clusterers: Kind[];
  general?: Field[];
}

export interface Estimate {
  seconds: number;
  memory_mb: number;
  nodes: number;
  warning: string | null;
}

export interface Lists {
  offsets: Packed;
  rows: Packed;
}

export interface Feature {
  nodes: number[];
  confidence: number;
  p: number | null;
}

export interface Confidence {
  resamples: number;
  nodes: Packed;
  edges: Packed;
  branches: Feature[];
  loops: Feature[];
  sentence: string;
}

export interface GraphDocument {
  format: "topolens.mapper/1";
  key: string;
  title: string;
  space: string;
  points: number;
  settings: Settings;
  snippet: string;
  nodes: { count: number; size: Packed; cell: Packed; x: Packed; y: Packed; lens_x: Packed; lens_y: Packed };
  members: Lists;
  typical: Lists;
  edges: { a: Packed; b: Packed; shared: Packed };
  triangles: { a: Packed; b: Packed; c: Packed };
  lenses: { name: string; values: Packed }[];
  statistics: {
    components: number;
    loops: number;
    cover_loops: number;
    coverage: { points: number; in_nodes: number; noise: number; sentence: string };
  };
  purity: Record<string, { class: Packed; share: Packed; p: Packed }>;
  confidence: Confidence | null;
  cost: { seconds: number; memory_mb: number; estimated_seconds: number };
}

export interface GraphSummary {
  key: string;
  title: string;
  settings: Settings;
  nodes: number;
  edges: number;
  created: string;
}

export interface JobState {
  job?: string;
  state: "waiting" | "running" | "done" | "failed" | "cancelled";
  done: number;
  expected_seconds: number | null;
  what: string;
  result: string | null;
  error: string | null;
  request?: JobRequest;
  title?: string;
}

/** What a job was asked to make, and of what. */
export type JobRequest =
  | { task: "graph"; settings: Settings }
  | { task: "stability"; graph: string }
  | { task: "grid"; settings: Settings }
  | { task: "diagram"; layer: string; checkpoint: string };

export interface Bar {
  dim: number;
  birth: number;
  death: number | null;
  rows: number[];
  p: number | null;
}

export interface DiagramDocument {
  format: "topolens.diagram/1";
  layer: string;
  checkpoint: string | null;
  points: number;
  rows: Packed;
  bars: Bar[];
  null_persistence: Record<string, number>;
  null: string;
  sentence: string;
}

export interface Series {
  name: string;
  steps: Packed;
  values: Packed;
}

export interface Training {
  series: Series[];
  running: boolean;
}

export interface Group {
  name: string;
  space: string;
  rows: number[];
}

export interface FindingDocument {
  name: string;
  subject: string;
  question: string;
  answer: string;
  verdict: string;
}

export interface Grid {
  settings: Settings;
  resolutions: number[];
  gains: number[];
  nodes: number[][];
  components: number[][];
  loops: number[][];
  coverage: number[][];
  purity: number[][];
  instability: number[][];
}

export interface Aligned {
  x: Packed;
  y: Packed;
  pairs: { a: Packed; b: Packed; shared: Packed };
}

export interface ColumnDocument {
  values: Packed;
}

export interface EmbeddedData {
  run: Run;
  columns: Record<string, ColumnDocument | Packed>;
  tiles: Record<string, string>;
  findings: { findings: FindingDocument[] } | null;
  training: Training | null;
  graphs: Record<string, GraphDocument>;
  history?: GraphSummary[];
  diagrams: Record<string, DiagramDocument>;
  groups: Group[];
}
