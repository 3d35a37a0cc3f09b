/** Calls of the API with the device's token; what went wrong is told apart by what is to be done about it. */
export class NoSession extends Error {}
export class NoNetwork extends Error {}
export class Said extends Error {
  constructor(readonly status: number, readonly code: string, message: string, readonly body: Record<string, unknown>) {
    super(message);
  }
}

const PATIENCE = 20_000;

export class Api {
  token = "";
  /** Seconds that the phone's clock is behind the server's; null before the first answer. */
  offset: number | null = null;

  constructor(readonly root: string) {}

  async ask(path: string, init: RequestInit = {}): Promise<Response> {
    const sent = Date.now();
    let answer: Response;
    try {
      answer = await fetch(this.root + path, {
        cache: "no-store", ...init, headers: { Authorization: `Bearer ${this.token}`, Accept: "application/json", ...init.headers },
        signal: AbortSignal.timeout(init.body instanceof FormData ? PATIENCE * 6 : PATIENCE),
      });
    } catch {
      throw new NoNetwork();
    }
    if (answer.status === 401) throw new NoSession();
    if (answer.status >= 500 || answer.status === 429) throw new NoNetwork();
    if (answer.ok) return answer;
    const body = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
    this.measure(body, sent);
    throw new Said(answer.status, String(body["code"] ?? answer.status), String(body["title"] ?? answer.status), body);
  }

  async json<T>(path: string, init: RequestInit = {}): Promise<T> {
    const sent = Date.now();
    const body = (await (await this.ask(path, init)).json()) as Record<string, unknown>;
    this.measure(body, sent);
    return body as T;
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.json<T>(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  }

  private measure(body: Record<string, unknown>, sent: number): void {
    if (typeof body["server_time"] !== "string") return;
    this.offset = (Date.parse(body["server_time"]) - (sent + Date.now()) / 2) / 1000;
  }
}
