import type { JobRequest, JobState, Settings } from "../data/documents";

/** A request that the server is at, followed by this page. */
export interface Job {
  id: string;
  request: JobRequest;
  state: JobState;
}

const TASKS = { graph: "Mapper", stability: "Stability", grid: "Grid", diagram: "Persistence" } as const;

export const taskName = (request: JobRequest): string => TASKS[request.task];

/** A job as a list of jobs names it. */
export function jobName({ request, state }: Job): string {
  return request.task === "graph" && state.title ? `Mapper of ${state.title}` : (state.title ?? taskName(request));
}

/** The grid of a graph is that of all graphs that differ in intervals and gains alone. */
export function gridName({ cover, ...rest }: Settings): string {
  return JSON.stringify({ ...rest, cover: { ...cover, resolution: null, gain: null } });
}

/** What a job is about: one graph, the graphs of one grid, or one layer. */
export function subjectOf(request: JobRequest): string {
  if (request.task === "stability") return request.graph;
  if (request.task === "grid") return gridName(request.settings);
  return request.task === "graph" ? request.settings.layer : request.layer;
}
