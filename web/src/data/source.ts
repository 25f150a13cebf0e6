import type {
  Aligned, ColumnDocument, DiagramDocument, EmbeddedData, Estimate, FindingDocument, GraphDocument, GraphSummary, Grid,
  Group, JobState, Packed, Run, Settings, SettingsForm, Training,
} from "./documents";
import { bytesOf, floats } from "./packed";

/** Where the page gets its documents: a server, or the data embedded in an exported file. */
export interface Source {
  readonly live: boolean;
  run(): Promise<Run>;
  column(space: string, column: string, checkpoint: string | null): Promise<Float32Array>;
  sheet(space: string, sheet: number): Promise<Blob>;
  findings(): Promise<FindingDocument[]>;
  training(): Promise<Training>;
  graphs(): Promise<GraphSummary[]>;
  graph(key: string): Promise<GraphDocument>;
  diagram(layer: string, checkpoint: string | null): Promise<DiagramDocument | { job: string }>;
  groups(): Promise<Group[]>;
  saveGroups(groups: Group[]): Promise<void>;
}

/** What needs the points themselves, so that only a server can do it. */
export interface LiveSource extends Source {
  readonly live: true;
  settings(): Promise<SettingsForm>;
  estimate(settings: Settings): Promise<Estimate>;
  make(settings: Settings): Promise<{ job?: string; graph?: string }>;
  stability(key: string, resamples: number): Promise<{ job?: string; graph?: string }>;
  grid(settings: Settings, resolutions: number[], gains: number[]): Promise<{ job?: string; grid?: string }>;
  gridResult(key: string): Promise<Grid>;
  aligned(key: string, to: string): Promise<Aligned>;
  jobs(): Promise<JobState[]>;
  follow(job: string, tell: (state: JobState) => void, away: () => void): () => void;
  cancel(job: string): Promise<void>;
  followTraining(tell: (training: Training) => void, away: () => void): () => void;
}

export function isLive(source: Source): source is LiveSource {
  return source.live;
}

export function findSource(): Source {
  const element = document.getElementById("topolens-data");
  return element ? embedded(JSON.parse(element.textContent ?? "") as EmbeddedData) : server();
}

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} is not in this file; open the run with "topolens explore" to have it made`);
  return value;
}

export function embedded(data: EmbeddedData): Source {
  let groups = data.groups ?? [];
  return {
    live: false,
    run: async () => ({ ...data.run, live: false }),
    column: async (space, column, checkpoint) => {
      const held = data.columns[`${space}/${column}/${checkpoint}`] ?? data.columns[`${space}/${column}`];
      const packed = found(held, `column ${column} of ${space}`);
      return floats("values" in packed ? packed.values : (packed as Packed));
    },
    sheet: async (space, sheet) => {
      const [, type, text] = /^data:([^;]+);base64,(.*)$/.exec(found(data.tiles[`${space}/${sheet}`], `sheet ${sheet} of ${space}`))!;
      return new Blob([bytesOf(text)], { type });
    },
    findings: async () => data.findings?.findings ?? [],
    training: async () => data.training ?? { series: [], running: false },
    graphs: async () =>
      data.history?.filter((graph) => graph.key in data.graphs) ?? Object.values(data.graphs).map(({ key, title, settings, nodes, edges }) => ({
        key, title, settings, nodes: nodes.count, edges: Math.floor((edges.a.data.length * 3) / 16), created: data.run.created,
      })),
    graph: async (key) => found(data.graphs[key], `graph ${key}`),
    diagram: async (layer, checkpoint) =>
      found(data.diagrams[`${layer}/${checkpoint}`] ?? data.diagrams[layer], `the diagram of layer ${layer}`),
    groups: async () => groups,
    saveGroups: async (kept) => {
      groups = kept;
    },
  };
}

const part = encodeURIComponent;

/** The server does not answer, or was started anew and does not know this browser yet. */
export class Gone extends Error {
  static readonly sentence =
    'The server of this page is gone: start it again with "topolens explore" and open the address it prints. Graphs and groups ' +
    "are kept in the run; what stands behind the # in this page's address, put behind the # of the new one, brings this view back.";

  constructor() {
    super(Gone.sentence);
  }
}

const UNKNOWN_BROWSER = 401;

/** The answer to a request; what goes wrong is thrown as one sentence. */
async function answered(path: string, method = "GET", body?: unknown): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer: Response;
  try {
    answer = await fetch(`api/${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Gone();
  }
  if (answer.status === UNKNOWN_BROWSER) throw new Gone();
  if (!answer.ok) throw new Error(reason(await answer.text()) ?? `the server answered ${answer.status} to ${method} ${path}`);
  return answer;
}

async function ask<T>(path: string, method = "GET", body?: unknown): Promise<T> {
  const text = await (await answered(path, method, body)).text();
  return (text ? JSON.parse(text) : null) as T;
}

function reason(text: string): string | null {
  try {
    const { detail, error } = JSON.parse(text) as { detail?: unknown; error?: unknown };
    return typeof detail === "string" ? detail : typeof error === "string" ? error : null;
  } catch {
    return null;
  }
}

const PATIENCE = 2000;

/**
 * A dropped connection is taken up again, by the browser or, where a server that was started anew does not know this
 * browser yet, by us until its address was opened; `away` is told of each try. `forgotten` is told once the server no
 * longer knows what is asked for.
 */
function listen<T>(path: string, tell: (value: T) => boolean, away: () => void, forgotten: () => void): () => void {
  let events: EventSource;
  let waiting: ReturnType<typeof setTimeout>;
  let over = false;
  const stop = () => {
    over = true;
    clearTimeout(waiting);
    events.close();
  };
  const open = () => {
    if (over) return;
    events = new EventSource(`api/${path}`);
    events.onerror = () => {
      if (events.readyState === EventSource.CLOSED) void lost();
      else void fetch("api/groups").catch(away);
    };
    events.onmessage = (event) => {
      if (tell(JSON.parse(event.data as string) as T)) stop();
    };
  };
  const lost = async () => {
    const status = await fetch("api/groups").then((answer) => answer.status, () => 0);
    if (status === 200 && !over && !(await knows(path))) return forgotten();
    if (status !== 200) away();
    waiting = setTimeout(open, PATIENCE);
  };
  open();
  return stop;
}

async function knows(path: string): Promise<boolean> {
  const aborted = new AbortController();
  const answer = await fetch(`api/${path}`, { signal: aborted.signal }).catch(() => null);
  aborted.abort(); // the head was all that was asked for
  return answer?.status !== 404;
}

export function server(): LiveSource {
  const at = (checkpoint: string | null) => (checkpoint ? `?checkpoint=${part(checkpoint)}` : "");
  return {
    live: true,
    run: () => ask("run"),
    column: async (space, column, checkpoint) =>
      floats((await ask<ColumnDocument>(`columns/${part(space)}/${part(column)}${at(checkpoint)}`)).values),
    sheet: async (space, sheet) => (await answered(`tiles/${part(space)}/${sheet}.png`)).blob(),
    findings: async () => (await ask<{ findings: FindingDocument[] }>("findings")).findings,
    training: () => ask("training"),
    graphs: () => ask("graphs"),
    graph: (key) => ask(`graphs/${part(key)}`),
    diagram: (layer, checkpoint) => ask(`diagrams/${part(layer)}${at(checkpoint)}`),
    groups: () => ask("groups"),
    saveGroups: (groups) => ask("groups", "PUT", groups),
    settings: () => ask("settings"),
    estimate: (settings) => ask("graphs/estimate", "POST", settings),
    make: (settings) => ask("graphs", "POST", settings),
    stability: (key, resamples) => ask(`graphs/${part(key)}/stability`, "POST", { resamples }),
    grid: (settings, resolutions, gains) => ask("grid", "POST", { settings, resolutions, gains }),
    gridResult: (key) => ask(`grid/${part(key)}`),
    aligned: (key, to) => ask(`graphs/${part(key)}/aligned`, "POST", { to }),
    jobs: () => ask("jobs"),
    follow: (job, tell, away) =>
      listen<JobState>(`jobs/${part(job)}/events`, (state) => {
        tell(state);
        return state.state === "done" || state.state === "failed" || state.state === "cancelled";
      }, away, () => tell({ state: "failed", done: 0, expected_seconds: null, what: "", result: null, error: "the server no longer knows this job; start it again" })),
    cancel: (job) => ask(`jobs/${part(job)}`, "DELETE"),
    followTraining: (tell, away) =>
      listen<Training>("training/events", (training) => {
        tell(training);
        return false; // what is over, or has not begun, may go on
      }, away, () => undefined),
  };
}
