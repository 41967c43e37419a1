/**
 * Go text/template with sprig 3.3.0 on the Handlebars runtime: parser, values, functions, typed output, limits.
 *
 * `compileForm` once per form, `renderForm` per row. Nothing here reads files, the network, the environment or the time; what limits the work looks at clocks (runtime/work-clock.ts).
 */
export { clockReads } from './form/clock-reads.ts';
export type { ClockRead } from './form/clock-reads.ts';
export { compileForm } from './form/compile.ts';
export type { CompiledForm, CompileInput, CompileResult, FormResources } from './form/compile.ts';
export { hubBoundFunctions } from './form/hub-bound.ts';
export { exactInteger, INT64_KEY } from './form/int64.ts';
export { numberReads } from './form/number-reads.ts';
export { renderForm } from './form/render.ts';
export type { RenderContext, RenderedResource, RenderResult } from './form/render.ts';
export type { CompiledResource, TemplateResource } from './form/resource.ts';
export { closeRenderThreads, renderFormOffThread } from './off-thread/render.ts';
export { renderScalar } from './form/scalar.ts';
export type { ScalarOptions, ScalarResult } from './form/scalar.ts';
export { functionNames } from './functions/registry.ts';
export { fieldLimits, nodeLimits } from './limits.ts';
export type { FieldLimits, NodeLimits } from './limits.ts';
export type { ProblemClass, TemplateProblem } from './problems.ts';
export { workClock } from './runtime/work-clock.ts';
