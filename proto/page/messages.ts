/** What the coordinator's HTTP server and the page tell each other, as JSON. Times are milliseconds since 1970. */

/** Who looks, and at what. */
export interface PageSession {
  /** `serve`: a coordinator with jobs; `view`: one thing on one machine. */
  readonly mode: 'serve' | 'view';
  readonly version: string;
  /** Undefined where a token is needed and none was given. */
  readonly caller?: { readonly principal: string; readonly role: string };
  /** Whether there is a token to give, and a session to end. */
  readonly tokens: boolean;
  /** What `view` shows. */
  readonly shown?: ShownThing;
}

/** What `halotile view` was called with. */
export interface ShownThing {
  readonly title: string;
  /** Pictures that belong together: an output with its input and map; of a folder each output. */
  readonly pictures: readonly PictureName[];
  /** Of an unfinished output. */
  readonly unfinished?: boolean;
  /** Whether there is a `report.html`, at `/api/shown/report`. */
  readonly report?: boolean;
}

/** How far a job is. */
export type PageJobState =
  | 'queued'
  | 'waiting-for-workers'
  | 'starting'
  | 'running'
  | 'assembling'
  | 'succeeded'
  | 'failed'
  | 'cancelled'
  | 'quarantined';

/** A job in the list. */
export interface PageJob {
  readonly id: string;
  readonly form: 'image' | 'dataset' | 'collection';
  /** Its output, as the caller named it. */
  readonly output: string;
  readonly chain: string;
  readonly state: PageJobState;
  /** One sentence: what it waits for, or why it ended. */
  readonly note: string;
  readonly principal: string;
  readonly priority: number;
  readonly submittedMs: number;
  readonly startedMs?: number;
  readonly finishedMs?: number;
  readonly attempt: number;
  readonly progress?: PageProgress;
  /** Seconds until its tiles are done, at the pace of the last half minute. */
  readonly etaSeconds?: number;
  readonly cancelRequested: boolean;
}

/** Counts of a job; see Progress in jobs.proto. */
export interface PageProgress {
  readonly tilesDone: number;
  readonly tilesTotal: number;
  readonly tilesRunning: number;
  readonly pixelsDone: number;
  readonly pixelsTotal: number;
  readonly imagesDone: number;
  readonly imagesTotal: number;
  readonly charactersDone: number;
  readonly charactersTotal: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** One page of jobs, newest first. */
export interface PageJobs {
  readonly jobs: readonly PageJob[];
  /** For the next page; absent after the last. */
  readonly next?: string;
}

/** One job with all that is known of it. */
export interface PageJobDetail extends PageJob {
  /** As submitted. */
  readonly spec: unknown;
  readonly pictures: readonly PictureName[];
  readonly failure?: { readonly tag: string; readonly message: string };
  readonly result?: PageResult;
  /** Its pace since it was taken, oldest first. */
  readonly pace: readonly PacePoint[];
}

/** How fast a job was at a moment. */
export interface PacePoint {
  readonly timeMs: number;
  readonly pixelsPerSecond: number;
  readonly tilesPerSecond: number;
}

/** Figures of a finished job. */
export interface PageResult {
  readonly wallSeconds: number;
  /** By stage of work, summed over threads. */
  readonly seconds: Readonly<Record<string, number>>;
  readonly bytes: Readonly<Record<string, number>>;
  /** Of one image: the share of input pixels that adaptive halos spared. */
  readonly haloSavedShare?: number;
  readonly figures: Readonly<Record<string, number>>;
  /** Whether there is a `report.html`. */
  readonly report: boolean;
}

/** A picture that can be looked at, by the name that its URLs have. */
export interface PictureName {
  readonly id: string;
  readonly label: string;
  readonly role: 'input' | 'map' | 'output' | 'file';
}

/** A picture as it can be read now. */
export interface PageInfo {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly dtype: string;
  readonly tileSide: number;
  /** Values that are shown black and white. */
  readonly low: number;
  readonly high: number;
  /** The same where the picture is shown as a map. */
  readonly mapLow: number;
  readonly mapHigh: number;
  readonly finishedShare: number;
}

/** The tiles of a job that makes one image: the first message of its stream. */
export interface TileGrids {
  readonly width: number;
  readonly height: number;
  readonly stages: readonly TileGrid[];
  /** The stage whose tiles are the output's pixels. */
  readonly filter: number;
}

/** The tiles of one stage. */
export interface TileGrid {
  readonly kind: string;
  readonly across: number;
  readonly down: number;
  readonly tileSide: number;
  /** Of the level that the tiles lie in. */
  readonly width: number;
  readonly height: number;
}

/** What happened to tiles since the last message. */
export interface TileChanges {
  /** Triples of stage, tile and worker, an index into `workers` of all messages so far. */
  readonly committed: readonly number[];
  /** Workers that were not named before. */
  readonly workers: readonly string[];
  /** All that run now: quadruples of stage, tile, worker and milliseconds since they began. */
  readonly running: readonly number[];
  /** All that were begun more than once so far: triples of stage, tile and attempts. */
  readonly repeated: readonly number[];
  /** Milliseconds that a tile of each stage usually takes. */
  readonly meanMs: readonly (number | null)[];
  readonly finishedShare: number;
}

/** A connected worker. */
export interface PageWorker {
  readonly name: string;
  readonly instance: string;
  readonly principal: string;
  readonly slots: number;
  readonly backends: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly roots: readonly string[];
  /** What its tasks may hold; absent for no limit. */
  readonly memoryBytes?: number;
  readonly residentBytes?: number;
  readonly draining: boolean;
  /** Results that counted since it joined, and of the last minute. */
  readonly tilesDone: number;
  readonly tilesPerMinute: number;
  readonly joinedMs: number;
  /** What it holds now. */
  readonly tasks: readonly PageTask[];
}

/** A task that a worker holds. */
export interface PageTask {
  /** Empty where the job is somebody else's, or no queued one. */
  readonly job: string;
  readonly kind: string;
  readonly stage: number;
  readonly tile: number;
  /** Since it runs; absent while it waits at the worker. */
  readonly runningMs?: number;
}

/** A schedule with how far it is. */
export interface PageSchedule {
  readonly id: string;
  readonly principal: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly paused: boolean;
  /** What becomes of a run whose time comes while an earlier one has not ended: skip, queue or replace. */
  readonly overlap: string;
  /** What becomes of times at which no coordinator was there: none, latest or all. */
  readonly catchUp: string;
  /** Its output with placeholders, as the caller named it. */
  readonly output: string;
  readonly chain: string;
  /** Absent while it is paused. */
  readonly nextMs?: number;
  /** Newest first. */
  readonly runs: readonly PageScheduleRun[];
}

/** One run of a schedule: its job, or why there is none. */
export interface PageScheduleRun {
  readonly run: number;
  readonly dueMs: number;
  readonly job?: string;
  readonly note?: string;
}

/** The palette of one character of a finished dataset. */
export interface PagePalette {
  readonly character: string;
  readonly frames: number;
  /** Most frequent first. */
  readonly colors: readonly { readonly rgb: readonly number[]; readonly count: number }[];
  /** Colours that are not told of, beyond those. */
  readonly more: number;
}

/** One file of a finished output. */
export interface PageFile {
  readonly name: string;
  readonly size: number;
  /** Where it can be looked at. */
  readonly picture?: string;
}

/** What went wrong, as every answer that is no success says it. */
export interface PageError {
  readonly tag: string;
  readonly message: string;
}
