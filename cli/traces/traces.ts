import type { Span as SdkSpan } from '@opentelemetry/api';
import type { Log } from '../../tiling/log.js';
import { type SpanAttributes, SpanQuota, type Tracing } from '../../tiling/tracing.js';

/** Traces that are sent somewhere, until they are closed. */
export interface Traces extends Tracing {
  /** Sends what is left. */
  close(): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What may be waited for at the end. */
const CLOSE_MS = 5000;
/** Spans that wait to be sent; a tile has eight of them. Those beyond are dropped. */
const QUEUE = 1 << 15;
/** Of spans of which there are many: a tile and its parts take a third of a millisecond to be told, a job has thousands. */
const OF_MANY = { burst: 100, perSecond: 10 } as const;

/**
 * Sends spans by OTLP over HTTP, as JSON, where OpenTelemetry's own variables name an endpoint; undefined, and nothing of
 * it is loaded, where they do not.
 * @param service what the process is, unless OTEL_SERVICE_NAME says otherwise
 */
export async function openTraces(
  environment: Environment,
  { service, version, log }: { readonly service: string; readonly version: string; readonly log: Log },
): Promise<Traces | undefined> {
  if (!areWanted(environment)) return undefined;
  const warn = (line: string) => log(`traces: ${line}`, { level: 'warn' });
  const loaded = await load().catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    warn(`none are sent: npm install ${PACKAGES.join(' ')}`);
  });
  if (loaded === undefined) return undefined;
  const [api, { BasicTracerProvider, BatchSpanProcessor }, { OTLPTraceExporter }, resources] = loaded;
  const quiet = () => {};
  api.diag.setLogger(
    { error: warn, warn, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: api.DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const named = resources.resourceFromAttributes({ 'service.name': service, 'service.version': version });
  const resource = named.merge(resources.detectResources({ detectors: [resources.envDetector] }));
  const processor = new BatchSpanProcessor(new OTLPTraceExporter(), { maxQueueSize: QUEUE });
  const provider = new BasicTracerProvider({ resource, spanProcessors: [processor] });
  const tracer = provider.getTracer('halotile', version);
  const kinds = { call: api.SpanKind.SERVER, message: api.SpanKind.CONSUMER } as const;
  const quota = new SpanQuota(OF_MANY);
  const traces: Traces = {
    begin(name, { parent, startMs = Date.now(), answers, attributes } = {}) {
      const kind = answers === undefined ? api.SpanKind.INTERNAL : kinds[answers];
      const within = parent === undefined ? api.ROOT_CONTEXT : contextOf(api, parent);
      const span = tracer.startSpan(name, { kind, startTime: startMs, attributes: prefixed(attributes) }, within);
      return {
        context: traceparentOf(span),
        startMs,
        end({ endMs, error, attributes: more } = {}) {
          span.setAttributes(prefixed(more));
          if (error !== undefined) span.setStatus({ code: api.SpanStatusCode.ERROR, message: error });
          span.end(endMs);
        },
      };
    },
    beginOneOfMany(name, options = {}) {
      const leftOut = quota.take(performance.now());
      if (leftOut === undefined) return undefined;
      const attributes = { ...options.attributes, ...(leftOut > 0 && { leftOutBefore: leftOut }) };
      return traces.begin(name, { ...options, attributes });
    },
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, CLOSE_MS);
      });
      await Promise.race([provider.shutdown().catch((error: Error) => warn(error.message)), late]);
      clearTimeout(timer);
    },
  };
  return traces;
}

/** Optional peers: those who trace install them. */
const PACKAGES = [
  '@opentelemetry/api',
  '@opentelemetry/sdk-trace-base',
  '@opentelemetry/exporter-trace-otlp-http',
  '@opentelemetry/resources',
];

function load() {
  return Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
}

/** As the specification has it: an endpoint turns them on, either of two variables off. */
function areWanted(environment: Environment): boolean {
  const { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT } = environment;
  const { OTEL_SDK_DISABLED, OTEL_TRACES_EXPORTER = '' } = environment;
  const endpoint = OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || OTEL_EXPORTER_OTLP_ENDPOINT;
  return Boolean(endpoint) && OTEL_SDK_DISABLED?.toLowerCase() !== 'true' && /^(?:|otlp)$/.test(OTEL_TRACES_EXPORTER);
}

function contextOf({ trace, ROOT_CONTEXT }: typeof import('@opentelemetry/api'), traceparent: string) {
  const [, traceId = '', spanId = '', flags = '00'] = traceparent.split('-');
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
  });
}

function traceparentOf(span: SdkSpan): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** Names of ours are told apart from those of OpenTelemetry. */
function prefixed(attributes: SpanAttributes = {}): Record<string, string | number | boolean> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`halotile.${name}`, value]));
}
