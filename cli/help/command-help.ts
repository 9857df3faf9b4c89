/** What the help of a command says beside its arguments and flags. */
export interface CommandHelp {
  /** What it does, in one line. */
  readonly summary: string;
  /** Commands of one heading stand together. */
  readonly group: string;
  /** Command lines without `halotile`, each with what it does. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  /** Where the manual says more. */
  readonly manual: string;
}

const FILTER = 'Filtering images:';
const LOOK = 'Looking at files and plans:';
const SERVE = 'Services:';
const JOBS = "A coordinator's jobs:";
const ABOUT = 'About halotile:';

/** By the command's name. */
export const COMMAND_HELP: Readonly<Record<string, CommandHelp>> = {
  demo: {
    summary: 'make a 15000×15000 scene and its distance map, blur it, show what happened',
    group: FILTER,
    examples: [['demo --size 3000 --directory demo', 'a small scene, its map, and what a blur makes of them']],
    manual: 'README.md',
  },
  blur: {
    summary: 'blur an image, or each of many, by its distance map',
    group: FILTER,
    examples: [
      ['blur scene.tif --map distance.tif -o blurred.tif', 'each pixel over the square that its map tells'],
      [
        'blur scene.tif --map distance.tif -o soft.tif --kernel gaussian --scale 0.25',
        'a Gaussian of sigma 0.25 · map',
      ],
      ["blur 'slides/*.tif' --map '{dir}/{name}-map.png' -o 'out/{name}.tif'", 'many images, each with its own map'],
      ['blur scene.tif --mask people.png --distance-from white -o focus.tif', 'the map made on the way'],
    ],
    manual: 'docs/operations.md',
  },
  process: {
    summary: 'run a chain of operations over an image, or over each of many',
    group: FILTER,
    examples: [
      ['process scan.tif -o clean.tif --op median:footprint=disk:2', 'one operation'],
      [
        'process scan.tif -o edges.tif --op gaussian:sigma=2 --op std:footprint=square:5',
        'a chain, in one visit of each tile',
      ],
      [
        'process dem.tif -o smooth.tif --op gaussian:sigma=4 --nodata -9999 --border reflect',
        'samples that are missing',
      ],
      ['process photo.jpg -o soft.png --op gaussian:sigma=2 --orient apply', 'a photo, turned upright first'],
      ['process print.tif -o print-rgb.tif --op gaussian:sigma=2 --colour rgb', 'CMYK, made RGB first by its profile'],
      ['process - -o - --op median:footprint=disk:1 < scan.tif > clean.tif', 'standard input to standard output'],
    ],
    manual: 'docs/operations.md',
  },
  measure: {
    summary: 'write the area, extent and centre of each label, and figures of images under it',
    group: FILTER,
    examples: [
      ['measure labels.tif intensity.tif -o table.csv', 'area, extent, centre and mean of each label'],
      ['measure scene.tif -o spots.csv --op threshold:method=otsu --op label', 'labels made on the way'],
    ],
    manual: 'docs/operations.md',
  },
  palette: {
    summary: 'downscale frames and give all frames of a character one palette',
    group: FILTER,
    examples: [
      ['palette sprites -o out --size 64x90', 'one palette for the frames of each folder in sprites'],
      ['palette frames.csv -o out --colors 16 --target pico8.hex', 'at most 16 colours, then those of a given palette'],
    ],
    manual: 'docs/palettes.md',
  },
  operations: {
    summary: 'list what --op takes, or the parameters of one operation',
    group: LOOK,
    examples: [['operations gaussian', 'the parameters of one operation']],
    manual: 'docs/operations.md',
  },
  run: {
    summary: 'run the job that a YAML or JSON file describes',
    group: FILTER,
    examples: [
      ['run job.yaml', 'any job; examples/jobs has one of every kind'],
      ['run job.yaml --dry-run', 'what it would do; nothing is written'],
      ['run nightly.yaml --shard 0/4', 'the first quarter of many images, on one of four machines'],
    ],
    manual: 'examples/jobs/README.md',
  },
  plan: {
    summary: 'show what a job would do: tiles, halos, memory, bytes, time',
    group: LOOK,
    examples: [
      ['plan scene.tif --map distance.tif --scan', 'exact halos, and the time of one tile'],
      ['plan job.yaml', 'of the job in a file'],
    ],
    manual: 'docs/architecture.md',
  },
  inspect: {
    summary: 'show what an image file says of itself: header, layout, overviews',
    group: LOOK,
    examples: [['inspect --json scan.svs', 'one JSON object for scripts']],
    manual: 'README.md',
  },
  preview: {
    summary: 'write a small picture of an output, finished or not',
    group: LOOK,
    examples: [['preview blurred.tif.partial -o so-far.png', 'what an unfinished job has done']],
    manual: 'README.md',
  },
  view: {
    summary: 'show an image, an unfinished output or a report in a browser, and as IIIF and XYZ tiles',
    group: LOOK,
    examples: [['view blurred.tif --image scene.tif --map distance.tif', 'input and output side by side in a browser']],
    manual: 'docs/web.md',
  },
  serve: {
    summary: 'run a coordinator: takes jobs over gRPC and gives their tiles to workers',
    group: SERVE,
    examples: [
      ['serve', 'for this machine alone, at 127.0.0.1:7070'],
      [
        'serve --listen 0.0.0.0:7070 --tokens tokens.yaml --tls-cert cert.pem --tls-key key.pem --root data=/srv/images',
        'for others, with tokens, TLS and shared storage',
      ],
    ],
    manual: 'docs/deploy.md',
  },
  worker: {
    summary: 'join a coordinator and run tiles for it until told to stop',
    group: SERVE,
    examples: [
      ['worker --coordinator ten.example.com:7070 --root data=/srv/images', 'computes until it is told to stop'],
      ['worker --check', 'which kernels and GPUs this machine has'],
    ],
    manual: 'docs/deploy.md',
  },
  submit: {
    summary: "put the job of a YAML or JSON file into a coordinator's queue and print its id",
    group: JOBS,
    examples: [['submit job.yaml --coordinator ten.example.com:7070 --priority 5', 'prints the id of the job']],
    manual: 'docs/api.md',
  },
  jobs: {
    summary: "list a coordinator's jobs, newest first",
    group: JOBS,
    examples: [['jobs --coordinator ten.example.com:7070 --since 12h', 'what was submitted in the last half day']],
    manual: 'docs/operations-guide.md',
  },
  watch: {
    summary: 'follow jobs until they end; the exit code is that of the first that failed',
    group: JOBS,
    examples: [['watch 4f1c --coordinator ten.example.com:7070', 'until it ends, with its exit code']],
    manual: 'docs/operations-guide.md',
  },
  show: {
    summary: 'show a job, the jobs that follow it, and what its webhooks were told',
    group: JOBS,
    examples: [['show 4f1c --coordinator ten.example.com:7070', 'with the jobs that follow it and its webhooks']],
    manual: 'docs/operations-guide.md',
  },
  cancel: {
    summary: 'stop jobs; their finished tiles stay for the next submission',
    group: JOBS,
    examples: [['cancel 4f1c --coordinator ten.example.com:7070', 'finished tiles stay']],
    manual: 'docs/operations-guide.md',
  },
  retry: {
    summary: 'put jobs that failed or were cancelled back into the queue; their finished tiles count',
    group: JOBS,
    examples: [['retry 4f1c --coordinator ten.example.com:7070', 'goes on with what was finished']],
    manual: 'docs/operations-guide.md',
  },
  delete: {
    summary: 'forget jobs that have ended, with what waits to be downloaded of them',
    group: JOBS,
    examples: [['delete 4f1c --coordinator ten.example.com:7070', 'its waiting results too']],
    manual: 'docs/operations-guide.md',
  },
  workers: {
    summary: 'list the workers of a coordinator with the tasks they hold',
    group: JOBS,
    examples: [['workers --coordinator ten.example.com:7070', 'who is connected, and what each runs']],
    manual: 'docs/operations-guide.md',
  },
  release: {
    summary: 'put jobs that were set aside back into the queue; for admins',
    group: JOBS,
    examples: [['release 4f1c --coordinator ten.example.com:7070', 'lets a job that was set aside run again']],
    manual: 'docs/operations-guide.md',
  },
  schedule: {
    summary: 'jobs that a coordinator starts at their times',
    group: JOBS,
    examples: [
      [
        "schedule add nightly job.yaml --cron '30 2 * * *' --time-zone Europe/Berlin --coordinator ten.example.com:7070",
        'at half past two every night',
      ],
    ],
    manual: 'docs/operations-guide.md',
  },
  discard: {
    summary: 'remove what an unfinished job of yours left of an output; the output itself stays',
    group: JOBS,
    examples: [['discard root:data/out.tif --coordinator ten.example.com:7070', 'what an unfinished job left']],
    manual: 'docs/operations-guide.md',
  },
  health: {
    summary: 'say whether a coordinator or worker answers; exit code 1 where it does not',
    group: SERVE,
    examples: [
      ['health --coordinator 127.0.0.1:7070', 'for probes of containers: the exit code says it'],
      ['health --coordinator 127.0.0.1:7070 --wait 60', 'for scripts that have just started it'],
    ],
    manual: 'docs/deploy.md',
  },
  schema: {
    summary: 'print the JSON Schema of job files, by which editors check and complete them',
    group: ABOUT,
    examples: [['schema', 'for editors: keep it as halotile.schema.json beside job files']],
    manual: 'examples/jobs/README.md',
  },
  config: {
    summary: 'print the flags that count for a command, and where from: command line, environment, file, default',
    group: ABOUT,
    examples: [['config serve --jobs 4', 'each flag of serve as it would count, and where it was set']],
    manual: 'docs/operations-guide.md',
  },
  completion: {
    summary: 'print a script by which a shell completes commands, flags and their values',
    group: ABOUT,
    examples: [
      ['completion bash', 'source <(halotile completion bash) in ~/.bashrc'],
      ['completion zsh', 'source <(halotile completion zsh) in ~/.zshrc, after compinit'],
      ['completion fish', 'halotile completion fish > ~/.config/fish/completions/halotile.fish'],
    ],
    manual: 'docs/cli.md',
  },
  help: {
    summary: 'say more of a command, an operation or a topic',
    group: ABOUT,
    examples: [
      ['help blur', 'a command'],
      ['help median', 'an operation'],
      ['help maps', 'a topic'],
    ],
    manual: 'docs/cli.md',
  },
};
