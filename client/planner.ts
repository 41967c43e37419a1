import type { OnProgress, PlanRequest, RenderedRow, RowRequest, WorldPlan } from '../domain/change-plan/types.ts';

/** Finds out what the worker would do: reads the hub's table and dry-runs every write, with the rights of whoever asks. */
export interface Planner {
  /**
   * @throws LynqFailure SourceUnreachable, SourceDenied, SourceShapeWrong or SourceIncomplete when the table cannot be read from here, HubInvalid and
   * FormInvalid when there is nothing to plan with.
   */
  plan(request: PlanRequest, onProgress: OnProgress): Promise<WorldPlan>;
  /** The objects of one row as the table has it now. @throws LynqFailure as `plan`, and HubInvalid when the row makes no node. */
  render(request: RowRequest): Promise<readonly RenderedRow[]>;
}
