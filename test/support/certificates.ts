import { fieldLimits, renderScalar } from '../../template/index.ts';

/** Certificates for servers of tests, made by the template functions that users have. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface TestAuthority extends TestCertificate {
  /** A certificate of a server with these names; `age` is how many days ago it was made, for `days` days. */
  issue(names: readonly string[], validity?: { readonly age: number; readonly days: number }): TestCertificate;
}

const limits = { ...fieldLimits, costlyTimeMs: 120_000 };
const dayMilliseconds = 86_400_000;

function made(
  template: string,
  variables: Readonly<Record<string, string | readonly string[]>>,
  age = 0,
): TestCertificate {
  const now = new Date(Date.now() - age * dayMilliseconds);
  const result = renderScalar(`{{ $c := ${template} }}{{ $c.Cert }}@{{ $c.Key }}`, variables, { now, limits });
  if (!result.ok) throw new Error(result.problem.message);
  const [cert = '', key = ''] = result.text.split('@');
  return { cert, key };
}

/** An authority that nobody trusts by itself. */
export function testAuthority(name: string): TestAuthority {
  // Elliptic keys are made at once, RSA keys are not.
  const pem = (uid: string): string => {
    const result = renderScalar('{{ genPrivateKey "ecdsa" }}', {}, { uid, limits });
    if (!result.ok) throw new Error(result.problem.message);
    return result.text;
  };
  const authority = made('genCAWithKey .name 3650 .pem', { name, pem: pem(name) }, 1_000);
  return {
    ...authority,
    issue: (names, { age, days } = { age: 1, days: 30 }) =>
      made(
        'genSignedCertWithKey .cn (list) .names (int .days) (buildCustomCert (b64enc .ca) (b64enc .caKey)) .pem',
        {
          cn: names[0] ?? '',
          names,
          days: String(days),
          ca: authority.cert,
          caKey: authority.key,
          pem: pem(`${name}/${names.join(',')}/${age}`),
        },
        age,
      ),
  };
}
