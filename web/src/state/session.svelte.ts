import { SvelteMap } from "svelte/reactivity";
import type { Column, DiagramDocument, GraphSummary, Grid, Group, JobRequest, JobState, Layer, Run, Settings, Space } from "../data/documents";
import { type Graph, graphOf } from "../data/graph";
import { decoded, type Picture } from "../data/pictures";
import { Gone, isLive, type Source } from "../data/source";
import { complement, maskOf, NONE, type Rows, rowsOf, union, without } from "../numbers/rows";
import { DEFAULT_VIEW, fromHash, rowsOfText, rowsText, toHash, type View } from "./address";
import { gridName, type Job, subjectOf, taskName } from "./jobs";

export interface Selection {
  space: string;
  rows: Rows;
}

export interface Message {
  id: number;
  text: string;
  kind: "note" | "problem";
}

const MOST_UNDONE = 100;
const PATIENCE = 3000;
/** Everything that the screens share: the run, the view, the one selection, the groups, jobs and messages. */
export class Session {
  readonly source: Source;
  run = $state.raw<Run | null>(null);
  failure = $state("");
  /** Whether the server is gone; it is looked for until it is back. */
  gone = $state(false);
  view = $state<View>({ ...DEFAULT_VIEW });
  selection = $state.raw<Selection>({ space: "samples", rows: NONE });
  groups = $state.raw<Group[]>([]);
  history = $state.raw<GraphSummary[]>([]);
  messages = $state.raw<Message[]>([]);
  jobs = $state.raw<Job[]>([]);
  past = $state.raw<Selection[]>([]);
  future = $state.raw<Selection[]>([]);
  readonly columns = new SvelteMap<string, Float32Array>();
  readonly graphs = new SvelteMap<string, Graph>();
  readonly diagrams = new SvelteMap<string, DiagramDocument>();
  readonly grids = new SvelteMap<string, Grid>();
  /** Groups that the server does not know yet. */
  private unkept: Group[] | null = null;
  private asked = new Set<string>();
  private sheets = new SvelteMap<string, Picture>();
  private count = 0;

  layer = $derived(this.run?.layers.find((layer) => layer.id === this.view.layer) ?? null);
  graph = $derived(this.graphs.get(this.view.graph) ?? null);
  space = $derived(this.spaceOf(this.view.screen === "mapper" ? (this.graph?.space ?? this.layer?.space) : this.layer?.space));
  mask = $derived(maskOf(this.selection.rows, this.spaceOf(this.selection.space)?.points ?? 0));

  constructor(source: Source) {
    this.source = source;
    this.view = fromHash(location.hash);
  }

  async open() {
    try {
      this.run = await this.source.run();
      if (!this.run.checkpoints.some((c) => c.id === this.view.checkpoint)) this.view.checkpoint = this.run.checkpoints.at(-1)?.id ?? "";
      [this.history, this.groups] = await Promise.all([this.source.graphs(), this.source.groups()]);
      this.chooseFirst();
      this.selectAsked();
      if (isLive(this.source)) await this.findJobs();
    } catch (error) {
      this.failure = (error as Error).message;
    }
  }

  /** What the address asks for, else the newest graph, else the last layer. */
  private chooseFirst() {
    const asked = this.history.find((graph) => graph.key === this.view.graph);
    if (asked) this.chooseGraph(asked.key);
    else if (this.layer) this.chooseLayer(this.layer);
    else if (this.history.length) this.chooseGraph(this.history[0].key);
    else this.view.layer = (this.run?.layers.findLast((layer) => layer.space === "samples") ?? this.run?.layers.at(-1))?.id ?? "";
  }

  /** The selection of the address. */
  private selectAsked() {
    const asked = rowsOfText(this.view.rows);
    const points = this.spaceOf(asked?.space)?.points ?? 0;
    if (asked && points) this.selection = { space: asked.space, rows: asked.rows.filter((row) => row < points) };
  }

  spaceOf(id: string | undefined): Space | null {
    return this.run?.spaces.find((space) => space.id === id) ?? null;
  }

  /** The columns of a space that hold at the checkpoint of the view. */
  columnsOf(space: Space | null): Column[] {
    return space?.columns.filter((c) => c.checkpoint === null || c.checkpoint === this.view.checkpoint) ?? [];
  }

  columnNamed(space: Space | null, ...names: string[]): Column | null {
    const columns = this.columnsOf(space);
    for (const name of names) {
      const hit = columns.find((column) => column.id === name || column.name === name);
      if (hit) return hit;
    }
    return null;
  }

  latestOf(layer: string): GraphSummary | null {
    const own = this.history.filter((graph) => graph.settings.layer === layer);
    return own.find((graph) => (graph.settings.checkpoint ?? "") === this.view.checkpoint) ?? own[0] ?? null;
  }

  chooseLayer(layer: Layer) {
    this.view.layer = layer.id;
    this.showGraph(this.latestOf(layer.id)?.key ?? "");
  }

  /** Where no graph was made at the checkpoint the shown one stays, coloured by the checkpoint's columns. */
  chooseCheckpoint(id: string) {
    this.view.checkpoint = id;
    this.showGraph(this.latestOf(this.view.layer)?.key ?? "");
  }

  /** A way leads through one graph alone. */
  private showGraph(key: string) {
    if (key !== this.view.graph) this.view.path = "";
    this.view.graph = key;
    if (key) void this.openGraph(key);
  }

  chooseGraph(key: string) {
    this.showGraph(key);
    const settings = this.history.find((graph) => graph.key === key)?.settings;
    if (settings) {
      if (this.run?.layers.some((layer) => layer.id === settings.layer)) this.view.layer = settings.layer;
      if (this.run?.checkpoints.some((c) => c.id === settings.checkpoint)) this.view.checkpoint = settings.checkpoint!;
    }
  }

  async openGraph(key: string, anew = false): Promise<void> {
    if (this.graphs.has(key) && !anew) return;
    await this.attempt(async () => void this.graphs.set(key, graphOf(await this.source.graph(key))));
  }

  /** Values of a column once they have come; null until then. */
  values(space: string, column: Column | null): Float32Array | null {
    if (!column) return null;
    const key = `${space}/${column.id}/${column.checkpoint ?? ""}`;
    const held = this.columns.get(key);
    if (held) return held;
    this.once(key, async () => void this.columns.set(key, await this.source.column(space, column.id, column.checkpoint)));
    return null;
  }

  diagram(layer: string): DiagramDocument | null {
    const { checkpoint } = this.view;
    const key = `${layer}/${checkpoint}`;
    const held = this.diagrams.get(key);
    if (held || !layer) return held ?? null;
    this.once(`diagram ${key}`, () => this.askDiagram(layer, checkpoint));
    return null;
  }

  private async askDiagram(layer: string, checkpoint: string) {
    const answer = await this.source.diagram(layer, checkpoint || null);
    if (!("job" in answer)) this.diagrams.set(`${layer}/${checkpoint}`, answer);
    else this.follow(answer.job, { task: "diagram", layer, checkpoint }, () => this.askDiagram(layer, checkpoint));
  }

  /** A sheet of pictures once it has come; null until then. */
  sheet(space: string, sheet: number): Picture | null {
    const key = `${space}/${sheet}`;
    const held = this.sheets.get(key);
    if (!held) this.once(`sheet ${key}`, async () => void this.sheets.set(key, await decoded(await this.source.sheet(space, sheet))));
    return held ?? null;
  }

  private once(key: string, act: () => Promise<void>) {
    if (this.asked.has(key)) return;
    this.asked.add(key);
    void this.attempt(act).then(() => this.gone && this.asked.delete(key));
  }

  async attempt(act: () => Promise<void>) {
    try {
      await act();
    } catch (error) {
      this.failed(error);
    }
  }

  failed(error: unknown) {
    if (error instanceof Gone) this.missed();
    else this.tell((error as Error).message, "problem");
  }

  /** The server is gone: the page says so, and looks for it. */
  missed() {
    if (this.gone) return;
    this.gone = true;
    const look = async () => {
      try {
        await (this.unkept ? this.source.saveGroups(this.unkept) : this.source.groups());
      } catch {
        setTimeout(look, PATIENCE);
        return;
      }
      this.gone = false;
      this.unkept = null;
      await this.refresh();
      if (this.view.graph) await this.openGraph(this.view.graph);
    };
    setTimeout(look, PATIENCE);
  }

  select(space: string, rows: Rows, how: "replace" | "add" | "toggle" = "replace") {
    const same = this.selection.space === space;
    let next = rows;
    if (same && how === "add") next = union(this.selection.rows, rows);
    if (same && how === "toggle") {
      const here = maskOf(this.selection.rows, this.spaceOf(space)?.points ?? 0);
      next = rows.length && rows.every((row) => here[row]) ? without(this.selection.rows, rows) : union(this.selection.rows, rows);
    }
    this.past = [...this.past, this.selection].slice(-MOST_UNDONE);
    this.future = [];
    this.selection = { space, rows: next };
  }

  clear() {
    if (this.selection.rows.length) this.select(this.selection.space, NONE);
  }

  invert() {
    const space = this.space;
    if (space) this.select(space.id, complement(this.rowsIn(space.id), space.points));
  }

  rowsIn(space: string): Rows {
    return this.selection.space === space ? this.selection.rows : NONE;
  }

  undo() {
    const last = this.past.at(-1);
    if (!last) return;
    this.future = [this.selection, ...this.future];
    this.past = this.past.slice(0, -1);
    this.selection = last;
  }

  redo() {
    const [next, ...rest] = this.future;
    if (!next) return;
    this.past = [...this.past, this.selection];
    this.future = rest;
    this.selection = next;
  }

  saveGroup(name: string) {
    const { space, rows } = this.selection;
    this.keepGroups([...this.groups.filter((g) => g.name !== name), { name, space, rows: [...rows] }]);
  }

  dropGroup(name: string) {
    this.keepGroups(this.groups.filter((group) => group.name !== name));
  }

  chooseGroup(group: Group, how: "replace" | "add") {
    this.select(group.space, rowsOf(group.rows), how);
  }

  private keepGroups(groups: Group[]) {
    this.groups = this.unkept = groups;
    void this.attempt(() => this.source.saveGroups(groups)).then(() => this.gone || (this.unkept = null));
  }

  tell(text: string, kind: Message["kind"] = "note") {
    const id = ++this.count;
    this.messages = [...this.messages, { id, text, kind }].slice(-4);
    setTimeout(() => this.hush(id), kind === "note" ? 5000 : 14000);
  }

  hush(id: number) {
    this.messages = this.messages.filter((message) => message.id !== id);
  }

  /** Follows a job to its end; `finished` gets the key of its result. */
  follow(id: string, request: JobRequest, finished: (result: string) => void | Promise<void>) {
    if (!isLive(this.source) || this.jobs.some((job) => job.id === id)) return;
    const first: JobState = { state: "waiting", done: 0, expected_seconds: null, what: "", result: null, error: null };
    this.jobs = [...this.jobs, { id, request, state: first }];
    this.source.follow(id, (state) => {
      const over = state.state === "done" || state.state === "failed" || state.state === "cancelled";
      this.jobs = this.jobs.flatMap((job) => (job.id !== id ? [job] : over ? [] : [{ ...job, state }]));
      if (state.state === "done") void this.attempt(async () => finished(state.result ?? ""));
      else if (state.state === "failed") this.tell(state.error ?? `${taskName(request)} failed`, "problem");
      else if (state.state === "cancelled") this.tell(`${taskName(request)} was cancelled`);
    }, () => this.missed());
  }

  /** The running job of a task that is about this graph, grid or layer. */
  jobOf(task: JobRequest["task"], subject: string): Job | null {
    return this.jobs.find((job) => job.request.task === task && subjectOf(job.request) === subject) ?? null;
  }

  cancel(id: string) {
    const { source } = this;
    if (isLive(source)) void this.attempt(() => source.cancel(id));
  }

  /** A made graph: the history is read again, and it is shown unless another layer is looked at by now. */
  async arrived(key: string) {
    this.history = await this.source.graphs();
    await this.openGraph(key, true);
    const made = this.history.find((graph) => graph.key === key);
    if (made && made.settings.layer !== this.view.layer) this.tell(`${made.title} is made: it stands in the history`);
    else this.chooseGraph(key);
  }

  gridOf(settings: Settings): Grid | null {
    return this.grids.get(gridName(settings)) ?? null;
  }

  async gridArrived(key: string) {
    if (!isLive(this.source)) return;
    const grid = await this.source.gridResult(key);
    this.grids.set(gridName(grid.settings), grid);
  }

  /** What another tab has made or kept meanwhile. */
  async refresh() {
    if (!this.run || !isLive(this.source)) return;
    await this.attempt(async () => {
      [this.history, this.groups] = await Promise.all([this.source.graphs(), this.source.groups()]);
    });
  }

  private async findJobs() {
    const { source } = this;
    if (!isLive(source)) return;
    for (const { job, request, state } of await source.jobs()) {
      if (!job || !request || (state !== "running" && state !== "waiting")) continue;
      this.follow(job, request, async (result) => {
        if (request.task === "grid") return this.gridArrived(result);
        if (request.task === "stability") return this.openGraph(result, true);
        if (request.task === "graph") return this.arrived(result);
        return this.askDiagram(request.layer, request.checkpoint);
      });
    }
  }

  keepAddress() {
    const hash = toHash({ ...this.view, rows: rowsText(this.selection.space, this.selection.rows) });
    try {
      if (hash !== location.hash) history.replaceState(null, "", hash);
    } catch {
      // Inside a report the page has no address of its own.
    }
  }

  readAddress() {
    const read = fromHash(location.hash);
    const known = this.run?.layers.some((layer) => layer.id === read.layer);
    Object.assign(this.view, read, known ? {} : { layer: this.view.layer }, read.checkpoint ? {} : { checkpoint: this.view.checkpoint });
    if (!this.view.graph) this.view.graph = this.latestOf(this.view.layer)?.key ?? "";
    if (this.view.graph) void this.openGraph(this.view.graph);
    this.selectAsked();
  }
}
