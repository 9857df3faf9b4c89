/** What the help of a command says beside its arguments and flags. */
export interface CommandHelp {
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
    group: FILTER,
    examples: [['demo --size 3000 --directory demo', 'a small scene, its map, and what a blur makes of them']],
    manual: 'README.md',
  },
  blur: {
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
    ],
    manual: 'docs/operations.md',
  },
  measure: {
    group: FILTER,
    examples: [['measure labels.tif intensity.tif -o table.csv', 'area, extent, centre and mean of each label']],
    manual: 'docs/operations.md',
  },
  palette: {
    group: FILTER,
    examples: [
      ['palette sprites -o out --size 64x90', 'one palette for the frames of each folder in sprites'],
      ['palette frames.csv -o out --colors 16 --target pico8.hex', 'at most 16 colours, then those of a given palette'],
    ],
    manual: 'docs/palettes.md',
  },
  operations: {
    group: LOOK,
    examples: [['operations gaussian', 'the parameters of one operation']],
    manual: 'docs/operations.md',
  },
  run: {
    group: FILTER,
    examples: [
      ['run job.yaml', 'any job; examples/jobs has one of every kind'],
      ['run job.yaml --dry-run', 'what it would do; nothing is written'],
      ['run nightly.yaml --shard 0/4', 'the first quarter of many images, on one of four machines'],
    ],
    manual: 'examples/jobs/README.md',
  },
  plan: {
    group: LOOK,
    examples: [
      ['plan scene.tif --map distance.tif --scan', 'exact halos, and the time of one tile'],
      ['plan job.yaml', 'of the job in a file'],
    ],
    manual: 'docs/architecture.md',
  },
  inspect: {
    group: LOOK,
    examples: [['inspect --json scan.svs', 'one JSON object for scripts']],
    manual: 'README.md',
  },
  preview: {
    group: LOOK,
    examples: [['preview blurred.tif.partial -o so-far.png', 'what an unfinished job has done']],
    manual: 'README.md',
  },
  view: {
    group: LOOK,
    examples: [['view blurred.tif --image scene.tif --map distance.tif', 'input and output side by side in a browser']],
    manual: 'docs/web.md',
  },
  serve: {
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
    group: SERVE,
    examples: [
      ['worker --coordinator ten.example.com:7070 --root data=/srv/images', 'computes until it is told to stop'],
      ['worker --check', 'which kernels and GPUs this machine has'],
    ],
    manual: 'docs/deploy.md',
  },
  submit: {
    group: JOBS,
    examples: [['submit job.yaml --coordinator ten.example.com:7070 --priority 5', 'prints the id of the job']],
    manual: 'docs/api.md',
  },
  jobs: {
    group: JOBS,
    examples: [['jobs --coordinator ten.example.com:7070 --since 12h', 'what was submitted in the last half day']],
    manual: 'docs/operations-guide.md',
  },
  watch: {
    group: JOBS,
    examples: [['watch 4f1c --coordinator ten.example.com:7070', 'until it ends, with its exit code']],
    manual: 'docs/operations-guide.md',
  },
  show: {
    group: JOBS,
    examples: [['show 4f1c --coordinator ten.example.com:7070', 'with the jobs that follow it and its webhooks']],
    manual: 'docs/operations-guide.md',
  },
  cancel: {
    group: JOBS,
    examples: [['cancel 4f1c --coordinator ten.example.com:7070', 'finished tiles stay']],
    manual: 'docs/operations-guide.md',
  },
  retry: {
    group: JOBS,
    examples: [['retry 4f1c --coordinator ten.example.com:7070', 'goes on with what was finished']],
    manual: 'docs/operations-guide.md',
  },
  delete: {
    group: JOBS,
    examples: [['delete 4f1c --coordinator ten.example.com:7070', 'its waiting results too']],
    manual: 'docs/operations-guide.md',
  },
  workers: {
    group: JOBS,
    examples: [['workers --coordinator ten.example.com:7070', 'who is connected, and what each runs']],
    manual: 'docs/operations-guide.md',
  },
  release: {
    group: JOBS,
    examples: [['release 4f1c --coordinator ten.example.com:7070', 'lets a job that was set aside run again']],
    manual: 'docs/operations-guide.md',
  },
  schedule: {
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
    group: JOBS,
    examples: [['discard root:data/out.tif --coordinator ten.example.com:7070', 'what an unfinished job left']],
    manual: 'docs/operations-guide.md',
  },
  health: {
    group: SERVE,
    examples: [['health --coordinator 127.0.0.1:7070', 'for probes of containers: the exit code says it']],
    manual: 'docs/deploy.md',
  },
  schema: {
    group: ABOUT,
    examples: [['schema', 'for editors: keep it as halotile.schema.json beside job files']],
    manual: 'examples/jobs/README.md',
  },
  config: {
    group: ABOUT,
    examples: [['config serve --jobs 4', 'each flag of serve as it would count, and where it was set']],
    manual: 'docs/operations-guide.md',
  },
  completion: {
    group: ABOUT,
    examples: [
      ['completion bash', 'source <(halotile completion bash) in ~/.bashrc'],
      ['completion zsh', 'source <(halotile completion zsh) in ~/.zshrc, after compinit'],
      ['completion fish', 'halotile completion fish > ~/.config/fish/completions/halotile.fish'],
    ],
    manual: 'docs/cli.md',
  },
  help: {
    group: ABOUT,
    examples: [
      ['help blur', 'a command'],
      ['help median', 'an operation'],
      ['help maps', 'a topic'],
    ],
    manual: 'docs/cli.md',
  },
};
