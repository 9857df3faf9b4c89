import type { GetObjectCommandOutput, S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { badInput, HalotileError } from '../../tiling/errors.js';
import type { ByteRange, ObjectState } from '../../tiling/places/opener.js';
import { parseS3Url } from '../../tiling/places/url.js';
import { changed, isTransient, MissingObject, type ObjectClient, type RangeAnswer, TransientFault } from './client.js';
import type { S3Settings } from './settings.js';

/** Name of the metadata by which an object says how halotile made it. */
export const ABOUT = 'halotile';

/** Reads objects of an S3 store, with credentials by the SDK's usual chain. */
export class S3ObjectClient implements ObjectClient {
  readonly #settings: S3Settings;
  #opened: Promise<{ readonly sdk: typeof import('@aws-sdk/client-s3'); readonly client: S3Client }> | undefined;

  constructor(settings: S3Settings) {
    this.#settings = settings;
  }

  async get(url: string, range: ByteRange, etag: string | undefined, signal: AbortSignal): Promise<RangeAnswer> {
    const { bucket, key } = parseS3Url(url);
    const { offset, length } = range;
    this.#opened ??= openS3(this.#settings);
    const { sdk, client } = await this.#opened;
    let answer: GetObjectCommandOutput;
    try {
      const wanted = { Bucket: bucket, Key: key, Range: `bytes=${offset}-${offset + length - 1}` };
      const command = new sdk.GetObjectCommand({ ...wanted, ...(etag !== undefined && { IfMatch: etag }) });
      answer = await client.send(command, { abortSignal: signal });
    } catch (cause) {
      const status = statusOf(cause);
      if (status === 412) throw changed(url, 'its ETag is another one');
      if (status === 416) {
        if (offset === 0) return { state: { size: 0 }, body: nothing() };
        throw changed(url, `it ends before byte ${offset}`);
      }
      throw s3Fault(cause, url);
    }
    return { state: stateOf(answer, range), body: answer.Body as unknown as AsyncIterable<Uint8Array> };
  }
}

/** A connection that neither takes nor brings anything for so long is given up, and what it was for is asked again. */
const STALL_MS = 60_000;

/**
 * The SDK and a client of the store, which tries once.
 * @throws not-ready where the SDK is not installed
 */
export async function openS3({ endpoint, pathStyle }: S3Settings, stallMs = STALL_MS) {
  const sdk = await import('@aws-sdk/client-s3').catch((cause: unknown) => {
    throw new HalotileError(
      'not-ready',
      {
        what: 'the package @aws-sdk/client-s3, which reads and writes s3://, is not there',
        remedy: 'npm install @aws-sdk/client-s3',
      },
      { cause },
    );
  });
  const config: S3ClientConfig = {
    maxAttempts: 1,
    requestHandler: { connectionTimeout: stallMs, socketTimeout: stallMs },
    followRegionRedirects: true,
    // Checksums of whole objects do not hold for ranges.
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestChecksumCalculation: 'WHEN_REQUIRED',
    ...(endpoint !== undefined && { endpoint }),
    ...(pathStyle && { forcePathStyle: true }),
  };
  const client = new sdk.S3Client(config);
  try {
    await client.config.region();
    return { sdk, client };
  } catch {
    // Stores that are no AWS have no regions, and people who use one set none.
    return { sdk, client: new sdk.S3Client({ ...config, region: 'us-east-1' }) };
  }
}

function stateOf(answer: GetObjectCommandOutput, range: ByteRange): ObjectState {
  const [, first, size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.ContentRange ?? '') ?? [];
  if (Number(first) !== range.offset) {
    throw new TransientFault(`the store sent Content-Range "${answer.ContentRange ?? ''}" for byte ${range.offset}`);
  }
  return {
    size: Number(size),
    ...(answer.ETag !== undefined && { etag: answer.ETag }),
    ...(answer.LastModified !== undefined && { modifiedMs: answer.LastModified.getTime() }),
    ...(answer.Metadata?.[ABOUT] !== undefined && { about: answer.Metadata[ABOUT] }),
  };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function statusOf(cause: unknown): number {
  return (cause as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0;
}

const REFUSED = /^(?:AccessDenied|AllAccessDisabled|InvalidAccessKeyId|SignatureDoesNotMatch|Forbidden)$/;
const EXPIRED = /^(?:ExpiredToken|ExpiredTokenException|TokenRefreshRequired|InvalidToken)$/;

/** What went wrong at a store, in a sentence, or what may pass. */
export function s3Fault(cause: unknown, url: string): Error {
  if (cause instanceof HalotileError) return cause;
  const { name, message } = cause as Error;
  const status = statusOf(cause);
  const file = url;
  if (EXPIRED.test(name)) {
    const remedy = 'renew them and run the same command again to continue';
    return new HalotileError(
      'not-allowed',
      { what: `the credentials have expired (${name})`, file, remedy },
      { cause },
    );
  }
  if (name === 'CredentialsProviderError') {
    const remedy =
      'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or a profile; a public object has an https:// URL too';
    return new HalotileError('not-allowed', { what: 'there are no credentials for S3', file, remedy }, { cause });
  }
  if (REFUSED.test(name) || status === 401 || status === 403) {
    return new HalotileError('not-allowed', { what: `the store refuses access (${name})`, file }, { cause });
  }
  if (name === 'NoSuchKey' || name === 'NotFound') return new MissingObject(url, undefined, cause);
  if (name === 'NoSuchBucket') return badInput({ what: 'there is no such bucket', file }, cause);
  if (status === 0 || isTransient(status)) {
    return new TransientFault(status === 0 ? message || name : `the store answers ${status} (${name})`, { cause });
  }
  return badInput({ what: `the store answers ${status} (${name}: ${message})`, file }, cause);
}
