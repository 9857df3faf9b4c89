/// <reference types="@webgpu/types" />
import { readFileSync } from 'node:fs';

/** One compute program: the WGSL files that it is put together from (`samples/numbers`), its entry point and its constants. */
export interface ProgramKey {
  readonly files: readonly string[];
  readonly entry: string;
  readonly constants: Readonly<Record<string, number>>;
}

/** Compiled pipelines of one device, each made at its first use. */
export class Programs {
  readonly #device: GPUDevice;
  readonly #modules = new Map<string, GPUShaderModule>();
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** The pipeline of a program; rejects with the compiler's message where a program is wrong. */
  pipeline(program: ProgramKey): Promise<GPUComputePipeline> {
    const key = JSON.stringify([program.files, program.entry, program.constants]);
    let pipeline = this.#pipelines.get(key);
    if (pipeline === undefined) {
      const { entry, constants, files } = program;
      const compute = { module: this.#module(files), entryPoint: entry, constants: { ...constants } };
      pipeline = this.#device.createComputePipelineAsync({ layout: 'auto', compute });
      this.#pipelines.set(key, pipeline);
    }
    return pipeline;
  }

  #module(files: readonly string[]): GPUShaderModule {
    const key = files.join('+');
    let module = this.#modules.get(key);
    if (module === undefined) {
      const code = files.map((name) => readFileSync(new URL(`../${name}.wgsl`, import.meta.url), 'utf8')).join('\n');
      module = this.#device.createShaderModule({ label: key, code });
      this.#modules.set(key, module);
    }
    return module;
  }
}
