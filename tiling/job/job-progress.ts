/** How far a job is, of one image or of many: whoever runs it tells before its first task and after every one. */
export interface JobProgress {
  /** Tiles of all stages; of a job over many images, those of the image under way that is filtered by tiles. */
  readonly tilesDone: number;
  readonly tilesTotal: number;
  /** Pixels of level 0 in finished tiles, and in all. */
  readonly pixelsDone: number;
  readonly pixelsTotal: number;
  /** Of the pixels done, those of earlier runs. */
  readonly pixelsResumed: number;
  /** Bytes that this run's tasks have read and written. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Of a job over many images: those whose colours this run has counted. */
  readonly imagesCounted: number;
  /** Of a job over many images: those whose output is there, and of these the ones that earlier runs wrote. */
  readonly imagesDone: number;
  readonly imagesReused: number;
  /** 0 in the job of one image. */
  readonly imagesTotal: number;
  /** Of a job with palettes: characters that came to an end, and of these the ones that needed nothing. */
  readonly charactersDone: number;
  readonly charactersReused: number;
  readonly charactersTotal: number;
  /** Of a job over many images: the name of the image that the tiles are of, where there is one. */
  readonly image?: string;
}

/** Of a job that has not begun. */
export const NO_PROGRESS: JobProgress = {
  ...{ tilesDone: 0, tilesTotal: 0, pixelsDone: 0, pixelsTotal: 0, pixelsResumed: 0, bytesRead: 0, bytesWritten: 0 },
  ...{ imagesCounted: 0, imagesDone: 0, imagesReused: 0, imagesTotal: 0 },
  ...{ charactersDone: 0, charactersReused: 0, charactersTotal: 0 },
};
