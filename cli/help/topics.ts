import { ERROR_TABLE } from '../../tiling/error-table.js';

/** What `halotile help TOPIC` says, by topic: a summary, and the lines below it. */
export interface Topic {
  readonly summary: string;
  readonly text: string;
}

/** Tags of errors by the exit code that they end a command with. */
function tagsOf(exitCode: number): string {
  return Object.entries(ERROR_TABLE)
    .filter(([, row]) => row.exitCode === exitCode)
    .map(([tag]) => tag)
    .join(', ');
}

/** Topics that are no command and no operation. */
export const TOPICS: Readonly<Record<string, Topic>> = {
  maps: {
    summary: 'how map values become radii and sigmas',
    text: `A map is one channel of the image's size, uint8, uint16 or float32. Of each value v:
  v' = min(scale · v + offset, max-radius)       --scale, --offset, --max-radius
Box and rank filters take v' rounded half up as radius in pixels, a window of 2·radius + 1; Gaussians take it as sigma.
Negative and non-finite results are refused with their pixel, or count as 0 with --map-invalid clamp.
--distance-from white|black makes the map from a mask: how far each pixel is from the nearest white or black one.
docs/operations.md has the definitions.`,
  },
  names: {
    summary: 'many images: patterns, folders, manifests, and names with words in braces',
    text: `A job is one over many images where it is given several, a folder, a pattern, a manifest, or an output with words:
  'slides/*.tif'   quote patterns, so that halotile and not the shell expands them
  slides/          all images below a folder
  list.csv         columns image, map, output, character; relative to the file; .yaml and .json too
In -o and --map: {name} without its ending, {stem} before the first dot, {ext}, {dir}, {date}.
  halotile blur 'slides/*.tif' --map '{dir}/{name}-map.png' -o 'out/{name}.tif'
docs/collections.md has more.`,
  },
  formats: {
    summary: 'what is read and written',
    text: `Read: TIFF and BigTIFF (striped, tiled, both byte orders, none, deflate, LZW, ZSTD, JPEG, WebP), SVS, and what libvips
reads, such as PNG, JPEG and WebP; OME-Zarr images and Zarr arrays (a folder, its largest level). As - the image or the
map comes from standard input, kept as a file first.
Written, as the ending of the output says; other endings are refused:
  .tif, .tiff               tiled BigTIFF with overviews (a COG), or one level with --no-overviews;
                            blocks by --compression none, deflate, zstd, jpeg, webp
  .ome.tif, .ome.tiff       the same blocks as OME-TIFF: overviews in SubIFDs, OME-XML
  .png, .jpg, .webp         pictures
  -                         to standard output: --format tif, ome.tif, png, jpg or webp; nothing else is printed there
  .dzi                      Deep Zoom: NAME.dzi and the folder NAME_files, tiles as PNG, or by --compression jpeg, webp
  .zarr, .ome.zarr          OME-Zarr 0.5 (Zarr 3, sharded): a folder, axes c, y, x; --compression deflate (gzip), zstd, none`,
  },
  nodata: {
    summary: 'samples that are missing, masks and alpha',
    text: `Samples of the nodata value take part in no window and stay what they are. The file says it, or --nodata:
  --nodata -9999      --nodata nan      --nodata 0,0,255 (one each channel)      --nodata none (all samples count)
A transparency mask inside the file hides pixels in the same way; --mask ignore reads over it.
Colour is averaged weighted by alpha; --alpha channel makes alpha one more channel.`,
  },
  resume: {
    summary: 'what happens after an interruption',
    text: `A job writes into OUT.partial/ and renames at the end: OUT is complete or not there. The same command goes on after
Ctrl-C, a kill or a crash, with the same pixels and no finished tile computed twice; with --durable after a power loss too.
Another job of the same output is refused; --restart discards what is there.
  halotile preview OUT.partial -o so-far.png      what is done`,
  },
  'exit-codes': {
    summary: 'what the exit code says',
    text: `0    done
1    failed: ${tagsOf(1)}
2    wrong usage or input: ${tagsOf(2)}
3    done, but some of many images were skipped (--on-error skip)
130  interrupted; the same command goes on
One sentence on standard error says what was wrong, where, what was expected and what to do. HALOTILE_DEBUG=1 adds the trace
of an error that should not happen.`,
  },
  environment: {
    summary: 'flags by environment variables and a file',
    text: `Each flag --some-flag is also HALOTILE_SOME_FLAG, and some-flag: in halotile.yaml, here or in /etc/halotile, or in the file
that HALOTILE_CONFIG names; keys below a command's name count for it alone. The command line counts first, then the
environment, then the file. "halotile config COMMAND" prints what counts and where from.
No flags: HALOTILE_TOKEN, a bearer token; HALOTILE_DEBUG=1, traces. docs/operations-guide.md has more.`,
  },
  cluster: {
    summary: 'more than one machine',
    text: `  halotile serve --listen HOST:7070 --tokens tokens.yaml      a coordinator takes jobs
  halotile worker --coordinator HOST:7070                      any number of workers, any time
  halotile blur … --coordinator HOST:7070                      sends files, waits, fetches the output
Storage that both sides see is named root:NAME/PATH, with --root NAME=DIRECTORY on coordinator and workers.
docs/deploy.md and docs/api.md have more.`,
  },
};
