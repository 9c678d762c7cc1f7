// Whether a pod takes new work, as `/ready` says it.

/** Whether the pod takes new work, and why not. */
export interface Readiness {
  ready: boolean;
  reason: string | undefined;
}
