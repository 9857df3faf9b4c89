import { type ErrorRecord, HalotileError, toErrorRecord } from '../../tiling/errors.js';
import { AssembledBytes } from '../../tiling/stitch/assembled-bytes.js';
import { openS3 } from './s3-client.js';
import { patient, placeOf, sendObject, type UploadRequest } from './send-object.js';
import type { S3Settings } from './settings.js';

/** An error comes back as data. */
export type UploadAnswer = Uploaded | { readonly error: ErrorRecord };

interface Uploaded {
  /** Of the object. */
  readonly bytes: number;
  /** Where names were asked for. */
  readonly names?: readonly string[];
}

/** Whether an object may be written there: begins an upload and drops it. */
export async function probe({ url, settings }: Pick<UploadRequest, 'url' | 'settings'>): Promise<UploadAnswer> {
  return answered(url, 'bad-input', async () => {
    const { sdk, client } = await store(settings);
    const at = placeOf(url);
    const { UploadId } = await patient(url, () => client.send(new sdk.CreateMultipartUploadCommand(at)));
    await patient(url, () => client.send(new sdk.AbortMultipartUploadCommand({ ...at, UploadId })));
    return { bytes: 0 };
  });
}

/**
 * Uploads an output, in parts where it has more than one; the object appears whole or not at all. Parts that an earlier
 * call brought there are not sent again, where the store still has them and their bytes are the same.
 */
export async function upload(request: UploadRequest): Promise<UploadAnswer> {
  return answered(request.url, 'output-failed', async () => {
    const { sdk, client } = await store(request.settings, request.stallMs);
    const source = new AssembledBytes(request.source);
    try {
      await sendObject(request, { sdk, client, source });
      return { bytes: source.size };
    } finally {
      source.close();
    }
  });
}

/** Names of what lies below a URL, objects and folders of them alike; no more than a store lists at once. */
export async function namesBelow({ url, settings }: Pick<UploadRequest, 'url' | 'settings'>): Promise<UploadAnswer> {
  return answered(url, 'output-failed', async () => {
    const { sdk, client } = await store(settings);
    const { Bucket, Prefix } = below(url);
    const list = new sdk.ListObjectsV2Command({ Bucket, Prefix, Delimiter: '/' });
    const { Contents = [], CommonPrefixes = [] } = await patient(url, () => client.send(list));
    const keys = [...Contents.map(({ Key }) => Key!), ...CommonPrefixes.map((folder) => folder.Prefix!)];
    return { bytes: 0, names: keys.map((key) => key.slice(Prefix.length).replace(/\/$/, '')) };
  });
}

/** Removes an object, if it is there. */
export async function remove({ url, settings }: Pick<UploadRequest, 'url' | 'settings'>): Promise<UploadAnswer> {
  return answered(url, 'output-failed', async () => {
    const { sdk, client } = await store(settings);
    await patient(url, () => client.send(new sdk.DeleteObjectCommand(placeOf(url))));
    return { bytes: 0 };
  });
}

/** Removes all objects below a URL but the one called `keep` there. */
export async function removeBelow({
  url,
  settings,
  keep,
}: Pick<UploadRequest, 'url' | 'settings'> & { readonly keep: string }): Promise<UploadAnswer> {
  return answered(url, 'output-failed', async () => {
    const { sdk, client } = await store(settings);
    const at = below(url);
    for (let more = true; more; ) {
      const list = new sdk.ListObjectsV2Command(at);
      const { Contents = [], IsTruncated = false } = await patient(url, () => client.send(list));
      const Objects = Contents.map(({ Key }) => ({ Key: Key! })).filter(({ Key }) => Key !== `${at.Prefix}${keep}`);
      more = IsTruncated && Objects.length > 0;
      if (Objects.length === 0) break;
      const command = new sdk.DeleteObjectsCommand({ Bucket: at.Bucket, Delete: { Objects, Quiet: true } });
      const { Errors = [] } = await patient(url, () => client.send(command));
      const [first] = Errors;
      if (first !== undefined) {
        const what = `${first.Key} cannot be removed (${first.Code})`;
        throw new HalotileError('output-failed', { what, file: url, remedy: 'choose another output' });
      }
    }
    return { bytes: 0 };
  });
}

let opened: ReturnType<typeof openS3> | undefined;

/** The store of this thread: one client, whose connections stay open. */
function store(settings: S3Settings, stallMs?: number): ReturnType<typeof openS3> {
  opened ??= openS3(settings, stallMs).catch((error: unknown) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

/** All objects below a URL, as requests name them. */
function below(url: string): { readonly Bucket: string; readonly Prefix: string } {
  const { Bucket, Key } = placeOf(url);
  return { Bucket, Prefix: `${Key.replace(/\/+$/, '')}/` };
}

async function answered(
  url: string,
  tag: 'bad-input' | 'output-failed',
  work: () => Promise<Uploaded>,
): Promise<UploadAnswer> {
  try {
    return await work();
  } catch (error) {
    const record = toErrorRecord(error, 'output-failed', { file: url });
    // What was computed stays for the next run, whatever the store says.
    return { error: record.tag === 'bad-input' ? { ...record, tag } : record };
  }
}
