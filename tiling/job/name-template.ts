/** What a template's words stand for. */
export interface ImageName {
  /** The file's name without its ending: `a.ome` of `a.ome.tif`. */
  readonly name: string;
  /** What stands before the first dot of the file's name: `a`. */
  readonly stem: string;
  /** The ending without its dot: `tif`; empty where there is none. */
  readonly ext: string;
  /** Folder of the image below the one that was searched, with "/"; empty right in it. */
  readonly dir: string;
  /** Number of the page that is taken, from 1. */
  readonly page: string;
  /** Day of the run, YYYY-MM-DD. */
  readonly date: string;
}

/** The words that a template may hold in braces. */
export const TEMPLATE_WORDS = [
  'name',
  'stem',
  'ext',
  'dir',
  'page',
  'date',
] as const satisfies readonly (keyof ImageName)[];

const WORD = /\{([A-Za-z]+)\}/g;

/** Whether a text has words in braces. */
export function isTemplate(text: string): boolean {
  return text.search(WORD) >= 0;
}

/** The first word in braces that means nothing; undefined where all have a meaning. */
export function unknownWord(text: string): string | undefined {
  const words = [...text.matchAll(WORD)].map(([, word]) => word!);
  return words.find((word) => !(TEMPLATE_WORDS as readonly string[]).includes(word));
}

/** Whether a template gives two images of one folder two names. */
export function tellsImagesApart(text: string): boolean {
  return /\{(?:name|stem)\}/.test(text);
}

/** The text with what its words stand for; an empty folder takes its slash along. */
export function fillTemplate(text: string, image: ImageName): string {
  const whole = image.dir === '' ? text.replaceAll('{dir}/', '') : text;
  return whole.replace(WORD, (_, word: keyof ImageName) => image[word]);
}

/** The folder that a template's names all lie in, without a slash at its end; `.` or `/` where it names none. */
export function fixedFolder(text: string): string {
  const start = text.search(WORD);
  const fixed = start < 0 ? text : text.slice(0, start);
  const end = fixed.lastIndexOf('/');
  return end < 0 ? '.' : fixed.slice(0, end) || '/';
}

/** The parts of a file's name, its folder and the day aside. */
export function partsOfName(file: string): Pick<ImageName, 'name' | 'stem' | 'ext'> {
  const dot = file.lastIndexOf('.');
  const [name, ext] = dot <= 0 ? [file, ''] : [file.slice(0, dot), file.slice(dot + 1)];
  const first = file.indexOf('.', 1);
  return { name, ext, stem: first < 0 ? file : file.slice(0, first) };
}
